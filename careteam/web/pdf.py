"""HTML to PDF with WeasyPrint, where its libraries are installed. The product lives without them and says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

MISSING = (
    "This installation makes no PDF: the text libraries of the PDF engine are missing. "
    "Use the print function of the browser, or ask the operator to install pango (docs/operations.md)."
)


class PdfUnavailable(Exception):
    """The PDF engine or a library it needs is not installed. The message is a sentence for people."""

    def __init__(self) -> None:
        super().__init__(MISSING)


def pages_of(html: str, *, fit: int = 0) -> Any:
    """The laid-out document. `fit`: on at most so many pages, with smaller type where the machine's fonts run wide.

    Fonts differ between machines, so what fits one page here may need two there. Sizes in such a page are in `em`: its
    type is scaled down to three quarters at most, and a document that is still too long stays longer, never cut.
    Everything it shows must stand in it: nothing is fetched, from nowhere. Raises `PdfUnavailable`.
    """
    try:
        from weasyprint import CSS, HTML, URLFetcher  # noqa: PLC0415  # dlopens pango, maybe absent
    except (ImportError, OSError) as error:
        raise PdfUnavailable from error
    nowhere = URLFetcher(allowed_protocols=(), fail_on_errors=False)
    source = HTML(string=html, url_fetcher=nowhere)
    options = {"pdf_variant": "pdf/ua-1", "pdf_tags": True}
    document = source.render(**options)
    for percent in (96, 92, 88, 84, 80, 75):
        if not fit or len(document.pages) <= fit:
            break
        document = source.render(stylesheets=[CSS(string=f"body {{ font-size: {percent}% !important }}")], **options)
    return document


def pdf_of(html: str, *, fit: int = 0) -> bytes:
    """The document as a tagged PDF, see `pages_of`.

    Raises `PdfUnavailable` where WeasyPrint or its libraries are missing. About 0.1 s a page; the libraries are loaded
    at the first call, so a process that never prints never pays for them.
    """
    document: bytes = pages_of(html, fit=fit).write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
    return document


def joined_pdf_of(parts: Iterable[str], *, tell: Callable[[int], Any] = lambda _: None) -> bytes:
    """One tagged PDF of several documents, each laid out when its turn comes. Pages are numbered through: a part finds
    the pages before it in the counter `page`. `tell` hears after each part how many are done. Raises
    `PdfUnavailable`."""
    documents: list[Any] = []
    before = 0
    for done, html in enumerate(parts, start=1):
        start = f"<style>@page:first{{counter-reset:page {before}}}</style></head>"
        documents.append(pages_of(html.replace("</head>", start, 1)))
        before += len(documents[-1].pages)
        tell(done)
    whole = documents[0].copy([page for document in documents for page in document.pages])
    pdf: bytes = whole.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
    return pdf
