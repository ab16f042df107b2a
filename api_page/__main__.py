"""python -m api_page: generates docs/api.md."""

from connector.contract.validation import read_document

from .page import PAGE_PATH, api_page

if __name__ == "__main__":
    PAGE_PATH.write_text(api_page(read_document()), encoding="utf-8")
    print(f"wrote {PAGE_PATH}")
