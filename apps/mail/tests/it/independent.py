"""Reads mail with Python's own modules and prints one JSON object for each message.

usage: independent.py mbox FILE | independent.py maildir DIRECTORY | independent.py files < list of paths

Only the standard library is used, and none of the rules of the program under test are repeated here: what
both say of a message is what two independent readers found in it.
"""

import email
import email.header
import email.utils
import json
import mailbox
import sys


def text(value):
    try:
        value = str(email.header.make_header(email.header.decode_header(value)))
    except (LookupError, UnicodeError, ValueError):
        value = str(value)
    return " ".join(value.encode("utf-8", "replace").decode().split())


def addresses(message, name):
    pairs = email.utils.getaddresses([str(value) for value in message.get_all(name, [])])
    return [address for _, address in pairs if address]


def seconds(value):
    parsed = email.utils.parsedate_tz(str(value))
    if not parsed:
        return None
    try:
        return int(email.utils.mktime_tz(parsed))
    except (ValueError, OverflowError):
        return None


def date(message):
    hops = (str(hop).rpartition(";")[2] for hop in message.get_all("received", []))
    found = (seconds(value) for value in [*message.get_all("date", []), *hops])
    return next((value for value in found if value is not None), None)


def identifier(message):
    value = text(message.get("message-id", ""))
    return value.strip("<> ") or None


def decoded(part):
    data = part.get_payload(decode=True) or b""
    try:
        return data.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def attachments(part, whole=True):
    """Counts nested messages, and the leaves that are neither plain nor HTML text or that have a file name."""
    kind = part.get_content_type()
    nested = int(kind == "message/rfc822")
    # Python parses delivery reports and partial messages too; to a reader of mail they are one file.
    if part.is_multipart() and (nested or kind.startswith("multipart/")):
        return nested + sum(attachments(inner, False) for inner in part.get_payload())
    # A message that says it has parts and has none is shown as text.
    shown = kind in ("text/plain", "text/html") or (whole and kind.startswith("multipart/"))
    return int(not shown or part.get_filename() is not None or part.get_content_disposition() == "attachment")


def reading(message):
    plain = not message.is_multipart() and message.get_content_type() == "text/plain"
    return {
        "message_id": identifier(message),
        "subject": text(message.get("subject", "")),
        "from": addresses(message, "from"),
        "to": addresses(message, "to"),
        "date": date(message),
        "attachments": attachments(message),
        "body": " ".join(decoded(message).split()) if plain else None,
    }


def messages(form, arguments):
    if form == "files":
        for path in sys.stdin.read().splitlines():
            with open(path, "rb") as file:
                yield email.message_from_binary_file(file)
    elif form == "mbox":
        yield from mailbox.mbox(arguments[0], create=False)
    elif form == "maildir":
        box = mailbox.Maildir(arguments[0], create=False)
        for folder in [box, *map(box.get_folder, sorted(box.list_folders()))]:
            yield from (folder[key] for key in sorted(folder.keys()))


for message in messages(sys.argv[1], sys.argv[2:]):
    print(json.dumps(reading(message)))
