CREATE TABLE messages (
    id          INTEGER PRIMARY KEY,
    content     BLOB    NOT NULL UNIQUE, -- hash that identifies the message
    thread      INTEGER NOT NULL,        -- lowest id of the conversation
    date        INTEGER,                 -- Unix seconds
    subject     TEXT    NOT NULL,
    subject_key TEXT    NOT NULL,        -- subject without reply and forward prefixes, folded
    orphan      INTEGER NOT NULL,        -- a reply by its subject alone, whose original has not come
    sender      TEXT    NOT NULL,        -- JSON array of addresses
    recipients  TEXT    NOT NULL,        -- JSON array of addresses
    snippet     TEXT    NOT NULL,
    size        INTEGER NOT NULL,
    attachments INTEGER NOT NULL,
    unread      INTEGER NOT NULL,
    flagged     INTEGER NOT NULL,
    replied     INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_by_thread  ON messages (thread);
CREATE INDEX messages_by_subject ON messages (subject_key, date) WHERE subject_key <> '';
CREATE INDEX messages_unread     ON messages (id) WHERE unread;

-- Apart from `messages`, so that lists are read without wading through the mail itself.
CREATE TABLE raw (
    message INTEGER PRIMARY KEY REFERENCES messages (id),
    bytes   BLOB NOT NULL
) STRICT;

CREATE TABLE labels (
    message INTEGER NOT NULL REFERENCES messages (id),
    label   TEXT    NOT NULL COLLATE NOCASE,
    PRIMARY KEY (message, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE origins (
    origin  TEXT    NOT NULL,
    message INTEGER NOT NULL REFERENCES messages (id),
    PRIMARY KEY (origin, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX origins_by_message ON origins (message);

-- Every Message-ID that was seen, on a message or in its references, and the conversation it is in.
CREATE TABLE conversation_ids (
    message_id TEXT    PRIMARY KEY,
    thread     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_ids_by_thread ON conversation_ids (thread);

-- AUTOINCREMENT: a change made while the index commits an earlier one must not reuse its number.
CREATE TABLE index_queue (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL
) STRICT;
