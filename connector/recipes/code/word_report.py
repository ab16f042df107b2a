import io
import re
import zipfile
from xml.sax.saxutils import escape

import matplotlib.pyplot as plt
import pandas as pd

FILE = "/mnt/data/flights.csv"
DATE = "date"
GROUP = "carrier"
VALUE = "arr_delay"
LIMIT = 15  # minutes from which a flight is late
TITLE = "Punctuality of flights from New York"
REPORT = "/mnt/data/report.docx"
FEWEST_ROWS = 100  # of a group in the table


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # not allowed in XML


class WordDocument:
    """A .docx of headings, paragraphs, tables and pictures. It needs no package, so that it works in every session.

    A .docx is a ZIP archive of XML files (ECMA-376). Sizes of text are in half points, of tables in twentieths of a
    point, and of pictures in EMU, of which 914,400 are an inch.
    """

    def __init__(self) -> None:
        self.body: list[str] = []
        self.pictures: list[bytes] = []

    def heading(self, text: str, level: int = 1) -> None:
        self.body.append(f'<w:p><w:pPr><w:pStyle w:val="Heading{level}"/></w:pPr>{self._run(text)}</w:p>')

    def paragraph(self, text: str) -> None:
        self.body.append(f"<w:p>{self._run(text)}</w:p>")

    def table(self, table: pd.DataFrame) -> None:
        rows = [list(table.columns), *table.astype(str).to_numpy().tolist()]
        right = [False] + [True] * (len(table.columns) - 1)
        lines = "".join(self._row(row, right, bold=number == 0) for number, row in enumerate(rows))
        grid = f'<w:gridCol w:w="{9000 // len(table.columns)}"/>' * len(table.columns)
        border = "".join(
            f'<w:{side} w:val="single" w:sz="4" w:color="CCCCCC"/>' for side in ("top", "bottom", "insideH")
        )
        self.body.append(
            f'<w:tbl><w:tblPr><w:tblW w:w="9000" w:type="dxa"/><w:tblBorders>{border}</w:tblBorders></w:tblPr>'
            f"<w:tblGrid>{grid}</w:tblGrid>{lines}</w:tbl><w:p/>"
        )

    def picture(self, figure: plt.Figure, description: str, width_in_inches: float = 6.2) -> None:
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=150, bbox_inches="tight")
        self.pictures.append(png.getvalue())
        pixels = plt.imread(io.BytesIO(png.getvalue())).shape
        number, width = len(self.pictures), int(width_in_inches * 914_400)
        height = width * pixels[0] // pixels[1]
        drawing = "http://schemas.openxmlformats.org/drawingml/2006"
        named = f'id="{number}" name="Picture {number}" descr="{escape(description, {chr(34): "&quot;"})}"'
        self.body.append(
            f'<w:p><w:r><w:drawing><wp:inline><wp:extent cx="{width}" cy="{height}"/><wp:docPr {named}/>'
            f'<a:graphic xmlns:a="{drawing}/main"><a:graphicData uri="{drawing}/picture">'
            f'<pic:pic xmlns:pic="{drawing}/picture">'
            f"<pic:nvPicPr><pic:cNvPr {named}/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>"
            f'<a:blip r:embed="picture{number}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>'
            f'<a:off x="0" y="0"/><a:ext cx="{width}" cy="{height}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/>'
            "</a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
        )

    def save(self, path: str) -> None:
        open_xml = "http://schemas.openxmlformats.org"
        word, office = f"{open_xml}/wordprocessingml/2006/main", f"{open_xml}/officeDocument/2006/relationships"
        types = "application/vnd.openxmlformats-officedocument.wordprocessingml"
        xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        links = f'<Relationship Id="styles" Type="{office}/styles" Target="styles.xml"/>' + "".join(
            f'<Relationship Id="picture{n}" Type="{office}/image" Target="media/picture{n}.png"/>'
            for n in range(1, len(self.pictures) + 1)
        )
        styles = "".join(
            f'<w:style w:type="paragraph" w:styleId="Heading{n}"><w:name w:val="heading {n}"/><w:pPr><w:keepNext/>'
            f'<w:spacing w:before="240" w:after="120"/><w:outlineLvl w:val="{n - 1}"/></w:pPr>'
            f'<w:rPr><w:b/><w:sz w:val="{size}"/></w:rPr></w:style>'
            for n, size in ((1, 40), (2, 28))
        )
        relationships = "http://schemas.openxmlformats.org/package/2006/relationships"
        files: dict[str, str | bytes] = {
            "[Content_Types].xml": f'{xml}<Types xmlns="{open_xml}/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="png" ContentType="image/png"/>'
            f'<Override PartName="/word/document.xml" ContentType="{types}.document.main+xml"/>'
            f'<Override PartName="/word/styles.xml" ContentType="{types}.styles+xml"/></Types>',
            "_rels/.rels": f'{xml}<Relationships xmlns="{relationships}"><Relationship Id="document" '
            f'Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/_rels/document.xml.rels": f'{xml}<Relationships xmlns="{relationships}">{links}</Relationships>',
            "word/styles.xml": f'{xml}<w:styles xmlns:w="{word}"><w:docDefaults><w:rPrDefault><w:rPr>'
            '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/><w:sz w:val="22"/></w:rPr></w:rPrDefault>'
            '<w:pPrDefault><w:pPr><w:spacing w:after="120"/></w:pPr></w:pPrDefault></w:docDefaults>'
            '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>'
            f"{styles}</w:styles>",
            "word/document.xml": f'{xml}<w:document xmlns:w="{word}" xmlns:r="{office}" '
            f'xmlns:wp="{open_xml}/drawingml/2006/wordprocessingDrawing"><w:body>{"".join(self.body)}<w:sectPr>'
            '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" '
            'w:header="708" w:footer="708" w:gutter="0"/></w:sectPr></w:body></w:document>',
        }
        files |= {f"word/media/picture{n}.png": picture for n, picture in enumerate(self.pictures, 1)}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)

    def _row(self, cells: list[str], right: list[bool], bold: bool) -> str:
        sides = ['<w:jc w:val="right"/>' if side else "" for side in right]
        texts = [f"<w:p><w:pPr>{side}</w:pPr>{self._run(cell, bold)}</w:p>" for side, cell in zip(sides, cells)]
        repeated = "<w:trPr><w:tblHeader/></w:trPr>" if bold else ""  # on each page that the table goes on to
        return f"<w:tr>{repeated}" + "".join(f"<w:tc><w:tcPr/>{text}</w:tc>" for text in texts) + "</w:tr>"

    def _run(self, text: str, bold: bool = False) -> str:
        text = escape(_CONTROL.sub("", text))
        return f'<w:r>{"<w:rPr><w:b/></w:rPr>" * bold}<w:t xml:space="preserve">{text}</w:t></w:r>'


from reading import dates, names, numbers, read

flights = read(FILE, DATE, GROUP, VALUE)
flights[DATE], flights[GROUP], flights[VALUE] = dates(flights[DATE]), names(flights[GROUP]), numbers(flights[VALUE])
flights["late"] = flights[VALUE] > LIMIT
arrived = flights.dropna(subset=[DATE, VALUE])
months = arrived.groupby(arrived[DATE].dt.to_period("M"))["late"].mean()
groups = arrived.groupby(GROUP).agg(Flights=("late", "size"), Late=("late", "mean"), Median=(VALUE, "median"))
groups = groups[groups["Flights"] >= FEWEST_ROWS].sort_values("Late").reset_index()
if groups.empty:
    raise ValueError(f"No {GROUP} has {FEWEST_ROWS} rows with a value. Set a smaller FEWEST_ROWS.")
# A month is named with its year if there are several.
form = "%B %Y" if months.index[0].year != months.index[-1].year else "%B"
worst_month, best_month = (month.strftime(form) for month in (months.idxmax(), months.idxmin()))
finding = (
    f"{arrived['late'].mean():.0%} of the flights arrived more than {LIMIT} minutes late: from {months.min():.0%} "
    f"in {best_month} to {months.max():.0%} in {worst_month}."
)
if groups["Late"].iloc[0] < groups["Late"].iloc[-1]:
    finding += f" {groups[GROUP].iloc[0]} was the most punctual carrier, {groups[GROUP].iloc[-1]} the least."

figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
colors = ["#c2571a" if month == months.idxmax() else "#1f5a94" for month in months.index]
bars = axes.bar(range(len(months)), 100 * months, color=colors)
if len(months) <= 18:
    axes.bar_label(bars, fmt="%.0f%%", fontsize=9)
every = -(-len(months) // 12)
labels = [month.strftime("%b\n%Y" if "Y" in form else "%b") for month in months.index[::every]]
axes.set_xticks(range(0, len(months), every), labels)
axes.set_yticks([])
axes.spines[["top", "left", "right"]].set_visible(False)
axes.tick_params(bottom=False)

document = WordDocument()
document.heading(TITLE)
document.paragraph(f"{flights[DATE].min():%B %Y} to {flights[DATE].max():%B %Y}, {len(flights):,} flights")
document.paragraph(finding)
document.heading("Late arrivals by month", 2)
document.picture(figure, "Bar chart: share of late arrivals in each month")
document.heading("Carriers, the most punctual first", 2)
shown = pd.DataFrame(
    {
        "Carrier": groups[GROUP],
        "Flights": groups["Flights"].map("{:,}".format),
        "Late": groups["Late"].map("{:.1%}".format),
        "Median delay (minutes)": groups["Median"].map("{:+.0f}".format),
    }
)
document.table(shown)
document.paragraph(
    f"A flight is late if it arrives more than {LIMIT} minutes after its time. {len(flights) - len(arrived):,} flights "
    f"did not arrive and are not counted; carriers with fewer than {FEWEST_ROWS} flights are not in the table."
)
document.save(REPORT)
print(finding)
axes.set_title("Late arrivals by month", loc="left", fontsize=12)
plt.show()

shown
