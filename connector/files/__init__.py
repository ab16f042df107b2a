"""Files of a session: UploadFile, PutFile, ListFiles, GetFile, DownloadFile, DeleteFile, and chunked uploads.

`operations` and `uploads` have the operations; the other modules are what these need. Nothing here knows HTTP.
"""
