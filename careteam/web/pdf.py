"""HTML to PDF with WeasyPrint, where its libraries are installed. The product lives without them and says so."""

from __future__ import annotations

MISSING = (
    "This installation makes no PDF: the text libraries of the PDF engine are missing. "
    "Use the print function of the browser, or ask the operator to install pango (docs/operations.md)."
)


class PdfUnavailable(Exception):
    """The PDF engine or a library it needs is not installed. The message is a sentence for people."""

    def __init__(self) -> None:
        super().__init__(MISSING)


def pdf_of(html: str) -> bytes:
    """The document as a tagged PDF. Everything it shows must stand in it: nothing is fetched, from nowhere.

    Raises `PdfUnavailable` where WeasyPrint or its libraries are missing. About 0.1 s a page; the libraries are loaded
    at the first call, so a process that never prints never pays for them.
    """
    try:
        from weasyprint import HTML, URLFetcher  # noqa: PLC0415  # dlopens pango, maybe absent
    except (ImportError, OSError) as error:
        raise PdfUnavailable from error
    nowhere = URLFetcher(allowed_protocols=(), fail_on_errors=False)
    document: bytes = HTML(string=html, url_fetcher=nowhere).write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
    return document
