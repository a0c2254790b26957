"""Ask this container's web server for a page: `python -m careteam.healthcheck /readyz`.

Exit status 0 when it is well.
"""

import http.client
import os
import sys


def main(path: str) -> int:
    """0 when the page answers 200, else 1 with what it answered."""
    # Django answers only to the names it knows; the proxy in front would have said that the visitor came by https.
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".") or "localhost"
    headers = {"Host": "localhost" if host == "*" else host, "X-Forwarded-Proto": "https"}
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=4)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read(500).decode(errors="replace")
    except OSError as error:
        print(error)
        return 1
    finally:
        connection.close()
    print(answer.status, body)
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "/readyz"))
