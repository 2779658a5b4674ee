"""The library's tables, as a list of steps from one version to the next.

A step, once released, is never changed. All offsets count in the concatenated texts of a document's pages;
`chunks.text` repeats spans of it, so that the lexical index (`chunks_fts`, over the terms of `ingest.text.analyzer`)
changes in the same transaction. A chunk of a document that is to replace an older version is not published, that is
its collection is empty, until the document is complete.

`collections.history_from`: the record of removed chunks begins at this generation; an older index is built anew.
`collections.rebuild_of`: this collection is hidden, and is to replace that one when it is complete.
`source_attributes` belong to a source, not to a document, so that a new version of it and a rebuild keep them.

`turns` are the nodes of a conversation's tree. Text of documents is stored apart from what a person and the model
said, so that it can be removed with its document: spans in `quotes`, words about them in `turns.remarks`. Neither has
a foreign key to a document or a collection: a conversation outlives both.

`documents.source`, `folded_name` and `size_bytes` repeat the row of the file, so that an index lists the documents of
a collection without their files. `document_counts` is what `count(*)` and `sum` of the documents would say: at 100,000
documents these take too long to be asked at every request. Triggers keep both in step inside the same transaction.

`documents.replaces` is the file whose document this one takes the place of, as if it were an older version of its
source: uploads of one name are documents of their own unless a client asks for that.

`chunks.hidden` is why nobody sees any of a chunk's text (`HiddenReason`), empty for text that is seen.

`names_fts` has the words of each document's file name and title, and its names as keys (`ingest.text.names`), so that
a document is found by a name that a question has, however many there are.

An `owner` is the name of a principal (`ingest.principals`). `keys` has those with a key of their own: the digest of the
key, or a text that is no digest once it is revoked. `collection_access` says who sees which collection, and what a
viewer may do with it; everything that is done for a principal goes through it.

`collections.label` is what a client has called a collection; empty if that is its name. Several may have one label.
A collection without `expires_after_days`, and a file without `expires_at`, stays. `documents.chunk_tokens` is the
longest chunk that was asked for; 0 for that of the settings. `file_batches` are the files that one request has added.

`responses` are deleted with the first of the documents that they have read, see `ingest.storage.responses`.
"""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE collections (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        generation INTEGER NOT NULL DEFAULT 0,
        passport TEXT NOT NULL,
        UNIQUE (owner, name)
    ) STRICT;

    CREATE TABLE files (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        source TEXT NOT NULL,
        filename TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX files_by_content ON files (sha256);

    CREATE TABLE documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        file_id TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
        status TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        title TEXT NOT NULL DEFAULT '',
        media_type TEXT NOT NULL DEFAULT '',
        text TEXT NOT NULL DEFAULT '',
        metadata TEXT NOT NULL DEFAULT '{}',
        page_count INTEGER NOT NULL DEFAULT 0,
        chunk_count INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL,
        UNIQUE (collection_id, file_id)
    ) STRICT;
    CREATE INDEX documents_by_file ON documents (file_id);

    CREATE TABLE pages (
        document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        start_offset INTEGER NOT NULL,
        end_offset INTEGER NOT NULL,
        width REAL NOT NULL,
        height REAL NOT NULL,
        words BLOB NOT NULL,
        PRIMARY KEY (document_id, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE chunks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        collection_id TEXT NOT NULL,
        generation INTEGER NOT NULL,
        start_offset INTEGER NOT NULL,
        end_offset INTEGER NOT NULL,
        first_page INTEGER NOT NULL,
        last_page INTEGER NOT NULL,
        kind TEXT NOT NULL,
        heading_path TEXT NOT NULL,
        context TEXT NOT NULL,
        text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX chunks_by_document ON chunks (document_id);
    CREATE INDEX chunks_by_generation ON chunks (collection_id, generation);

    CREATE TABLE vectors (
        chunk_id INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,
        embedding BLOB NOT NULL
    ) STRICT;

    CREATE TABLE removed_chunks (
        collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        generation INTEGER NOT NULL,
        chunk_id INTEGER NOT NULL,
        PRIMARY KEY (collection_id, generation, chunk_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE snapshots (
        collection_id TEXT PRIMARY KEY REFERENCES collections (id) ON DELETE CASCADE,
        generation INTEGER NOT NULL,
        filename TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        row_count INTEGER NOT NULL,
        dimension INTEGER NOT NULL,
        passport TEXT NOT NULL
    ) STRICT;

    CREATE VIRTUAL TABLE chunks_fts USING fts5 (
        context, text, content='chunks', content_rowid='id', tokenize="porter unicode61 remove_diacritics 2"
    );
    INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('secure-delete', 1);
    CREATE TRIGGER chunks_added AFTER INSERT ON chunks BEGIN
        INSERT INTO chunks_fts (rowid, context, text) VALUES (new.id, new.context, new.text);
    END;
    CREATE TRIGGER chunks_removed AFTER DELETE ON chunks BEGIN
        INSERT INTO chunks_fts (chunks_fts, rowid, context, text) VALUES ('delete', old.id, old.context, old.text);
    END;
    """,
    """
    ALTER TABLE pages ADD COLUMN text TEXT NOT NULL DEFAULT '';
    ALTER TABLE pages ADD COLUMN label TEXT NOT NULL DEFAULT '';
    ALTER TABLE pages ADD COLUMN ocr_confidence REAL;
    UPDATE pages SET text = (
        SELECT substr(d.text, pages.start_offset + 1, coalesce(
            (SELECT min(n.start_offset) FROM pages n WHERE n.document_id = d.id AND n.number > pages.number),
            length(d.text)
        ) - pages.start_offset)
        FROM documents d WHERE d.id = pages.document_id
    );
    ALTER TABLE documents DROP COLUMN text;
    ALTER TABLE documents ADD COLUMN unit TEXT NOT NULL DEFAULT 'page';
    ALTER TABLE documents ADD COLUMN failure TEXT NOT NULL DEFAULT '';
    ALTER TABLE documents ADD COLUMN reader TEXT NOT NULL DEFAULT '';
    ALTER TABLE documents ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE documents ADD COLUMN starts INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE documents ADD COLUMN claim TEXT NOT NULL DEFAULT '';
    ALTER TABLE documents ADD COLUMN stage TEXT NOT NULL DEFAULT 'waiting';
    ALTER TABLE documents ADD COLUMN progress_done INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE documents ADD COLUMN progress_total INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE documents ADD COLUMN seconds REAL NOT NULL DEFAULT 0;
    CREATE INDEX documents_in_work ON documents (id) WHERE status IN ('queued', 'reading');

    ALTER TABLE files ADD COLUMN password TEXT NOT NULL DEFAULT '';
    CREATE UNIQUE INDEX files_by_version ON files (owner, source, sha256);

    CREATE TABLE file_stats (
        owner TEXT NOT NULL,
        source TEXT NOT NULL,
        stat TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        PRIMARY KEY (owner, source)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE paused_queues (owner TEXT PRIMARY KEY) STRICT;

    CREATE TRIGGER chunks_changed AFTER UPDATE OF context, text ON chunks BEGIN
        INSERT INTO chunks_fts (chunks_fts, rowid, context, text) VALUES ('delete', old.id, old.context, old.text);
        INSERT INTO chunks_fts (rowid, context, text) VALUES (new.id, new.context, new.text);
    END;

    ALTER TABLE collections ADD COLUMN history_from INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE collections ADD COLUMN rebuild_of TEXT REFERENCES collections (id) ON DELETE CASCADE;
    CREATE UNIQUE INDEX collections_by_rebuild ON collections (rebuild_of);
    """,
    """
    CREATE TABLE source_attributes (
        collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        source TEXT NOT NULL,
        attributes TEXT NOT NULL,
        PRIMARY KEY (collection_id, source)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    DROP TRIGGER chunks_added;
    DROP TRIGGER chunks_removed;
    DROP TRIGGER chunks_changed;
    DROP TABLE chunks_fts;
    CREATE VIEW chunk_words AS SELECT id, index_words(context) AS context, index_words(text) AS text FROM chunks;
    CREATE VIRTUAL TABLE chunks_fts USING fts5 (
        context, text, content='chunk_words', content_rowid='id',
        tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
    );
    INSERT INTO chunks_fts (chunks_fts, rank) VALUES ('secure-delete', 1);
    INSERT INTO chunks_fts (chunks_fts) VALUES ('rebuild');
    CREATE TRIGGER chunks_added AFTER INSERT ON chunks BEGIN
        INSERT INTO chunks_fts (rowid, context, text)
        VALUES (new.id, index_words(new.context), index_words(new.text));
    END;
    CREATE TRIGGER chunks_removed AFTER DELETE ON chunks BEGIN
        INSERT INTO chunks_fts (chunks_fts, rowid, context, text)
        VALUES ('delete', old.id, index_words(old.context), index_words(old.text));
    END;
    CREATE TRIGGER chunks_changed AFTER UPDATE OF context, text ON chunks BEGIN
        INSERT INTO chunks_fts (chunks_fts, rowid, context, text)
        VALUES ('delete', old.id, index_words(old.context), index_words(old.text));
        INSERT INTO chunks_fts (rowid, context, text)
        VALUES (new.id, index_words(new.context), index_words(new.text));
    END;
    """,
    """
    CREATE TABLE conversations (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        title TEXT NOT NULL,
        metadata TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        current INTEGER
    ) STRICT;
    CREATE INDEX conversations_by_use ON conversations (owner, updated_at);

    CREATE TABLE turns (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        conversation INTEGER NOT NULL REFERENCES conversations (number) ON DELETE CASCADE,
        parent INTEGER REFERENCES turns (number),
        role TEXT NOT NULL,
        status TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        text TEXT NOT NULL,
        is_verbatim INTEGER NOT NULL,
        details TEXT NOT NULL,
        remarks TEXT NOT NULL
    ) STRICT;
    CREATE INDEX turns_by_conversation ON turns (conversation);
    CREATE INDEX turns_by_parent ON turns (parent);

    CREATE TABLE quotes (
        turn INTEGER NOT NULL REFERENCES turns (number) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        collection_id TEXT NOT NULL,
        file_id TEXT NOT NULL,
        source TEXT NOT NULL,
        filename TEXT NOT NULL,
        page INTEGER NOT NULL,
        place TEXT NOT NULL,
        start_offset INTEGER NOT NULL,
        end_offset INTEGER NOT NULL,
        quote TEXT NOT NULL,
        boxes TEXT NOT NULL,
        answer_start INTEGER,
        answer_end INTEGER,
        is_removed INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (turn, position)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX quotes_by_source ON quotes (source, collection_id);
    CREATE INDEX quotes_by_document ON quotes (collection_id, file_id);

    CREATE VIEW turn_words AS SELECT number, index_words(text) AS text FROM turns;
    CREATE VIRTUAL TABLE turns_fts USING fts5 (
        text, content='turn_words', content_rowid='number',
        tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
    );
    INSERT INTO turns_fts (turns_fts, rank) VALUES ('secure-delete', 1);
    CREATE TRIGGER turns_added AFTER INSERT ON turns BEGIN
        INSERT INTO turns_fts (rowid, text) VALUES (new.number, index_words(new.text));
    END;
    CREATE TRIGGER turns_removed AFTER DELETE ON turns BEGIN
        INSERT INTO turns_fts (turns_fts, rowid, text) VALUES ('delete', old.number, index_words(old.text));
    END;
    CREATE TRIGGER turns_changed AFTER UPDATE OF text ON turns BEGIN
        INSERT INTO turns_fts (turns_fts, rowid, text) VALUES ('delete', old.number, index_words(old.text));
        INSERT INTO turns_fts (rowid, text) VALUES (new.number, index_words(new.text));
    END;

    CREATE VIEW title_words AS SELECT number, index_words(title) AS title FROM conversations;
    CREATE VIRTUAL TABLE titles_fts USING fts5 (
        title, content='title_words', content_rowid='number',
        tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
    );
    INSERT INTO titles_fts (titles_fts, rank) VALUES ('secure-delete', 1);
    CREATE TRIGGER titles_added AFTER INSERT ON conversations BEGIN
        INSERT INTO titles_fts (rowid, title) VALUES (new.number, index_words(new.title));
    END;
    CREATE TRIGGER titles_removed AFTER DELETE ON conversations BEGIN
        INSERT INTO titles_fts (titles_fts, rowid, title) VALUES ('delete', old.number, index_words(old.title));
    END;
    CREATE TRIGGER titles_changed AFTER UPDATE OF title ON conversations BEGIN
        INSERT INTO titles_fts (titles_fts, rowid, title) VALUES ('delete', old.number, index_words(old.title));
        INSERT INTO titles_fts (rowid, title) VALUES (new.number, index_words(new.title));
    END;
    """,
    """
    ALTER TABLE collections ADD COLUMN rules TEXT NOT NULL DEFAULT '';
    """,
    """
    ALTER TABLE documents ADD COLUMN source TEXT NOT NULL DEFAULT '';
    ALTER TABLE documents ADD COLUMN folded_name TEXT NOT NULL DEFAULT '';
    ALTER TABLE documents ADD COLUMN size_bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE documents SET (source, folded_name, size_bytes) =
        (SELECT f.source, fold_name(f.filename), f.size_bytes FROM files f WHERE f.id = documents.file_id)
        WHERE file_id IN (SELECT id FROM files);
    CREATE INDEX documents_by_status ON documents (collection_id, status, id, folded_name);
    CREATE INDEX documents_by_source ON documents (collection_id, source, id, status, folded_name);
    CREATE INDEX documents_with_speed ON documents (id) WHERE seconds > 0;
    CREATE INDEX files_by_age ON files (owner, created_at, id);
    CREATE TRIGGER files_renamed AFTER UPDATE OF source, filename ON files BEGIN
        UPDATE documents SET source = new.source, folded_name = fold_name(new.filename) WHERE file_id = new.id;
    END;

    CREATE TABLE document_counts (
        collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        status TEXT NOT NULL,
        documents INTEGER NOT NULL,
        searchable INTEGER NOT NULL,
        pages INTEGER NOT NULL,
        chunks INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        PRIMARY KEY (collection_id, status)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO document_counts
        SELECT collection_id, status, count(*), sum(chunk_count > 0), sum(page_count), sum(chunk_count), sum(size_bytes)
        FROM documents WHERE collection_id IN (SELECT id FROM collections) GROUP BY collection_id, status;
    CREATE TRIGGER documents_added AFTER INSERT ON documents BEGIN
        INSERT INTO document_counts
        VALUES (new.collection_id, new.status, 1, new.chunk_count > 0, new.page_count, new.chunk_count, new.size_bytes)
        ON CONFLICT (collection_id, status) DO UPDATE SET
            documents = documents + excluded.documents, searchable = searchable + excluded.searchable,
            pages = pages + excluded.pages, chunks = chunks + excluded.chunks,
            size_bytes = size_bytes + excluded.size_bytes;
    END;
    CREATE TRIGGER documents_removed AFTER DELETE ON documents BEGIN
        UPDATE document_counts SET
            documents = documents - 1, searchable = searchable - (old.chunk_count > 0),
            pages = pages - old.page_count, chunks = chunks - old.chunk_count,
            size_bytes = size_bytes - old.size_bytes
        WHERE collection_id = old.collection_id AND status = old.status;
    END;
    CREATE TRIGGER documents_changed
    AFTER UPDATE OF collection_id, status, page_count, chunk_count, size_bytes ON documents BEGIN
        UPDATE document_counts SET
            documents = documents - 1, searchable = searchable - (old.chunk_count > 0),
            pages = pages - old.page_count, chunks = chunks - old.chunk_count,
            size_bytes = size_bytes - old.size_bytes
        WHERE collection_id = old.collection_id AND status = old.status;
        INSERT INTO document_counts
        VALUES (new.collection_id, new.status, 1, new.chunk_count > 0, new.page_count, new.chunk_count, new.size_bytes)
        ON CONFLICT (collection_id, status) DO UPDATE SET
            documents = documents + excluded.documents, searchable = searchable + excluded.searchable,
            pages = pages + excluded.pages, chunks = chunks + excluded.chunks,
            size_bytes = size_bytes + excluded.size_bytes;
    END;
    """,
    """
    CREATE VIEW document_names AS
        SELECT id, index_words(folded_name || ' ' || title) AS words, name_keys(folded_name, title) AS keys
        FROM documents;
    CREATE VIRTUAL TABLE names_fts USING fts5 (
        words, keys, content='document_names', content_rowid='id',
        tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
    );
    INSERT INTO names_fts (names_fts, rank) VALUES ('secure-delete', 1);
    INSERT INTO names_fts (names_fts) VALUES ('rebuild');
    CREATE TRIGGER names_added AFTER INSERT ON documents BEGIN
        INSERT INTO names_fts (rowid, words, keys) VALUES (
            new.id, index_words(new.folded_name || ' ' || new.title), name_keys(new.folded_name, new.title)
        );
    END;
    CREATE TRIGGER names_removed AFTER DELETE ON documents BEGIN
        INSERT INTO names_fts (names_fts, rowid, words, keys) VALUES (
            'delete', old.id, index_words(old.folded_name || ' ' || old.title), name_keys(old.folded_name, old.title)
        );
    END;
    CREATE TRIGGER names_changed AFTER UPDATE OF folded_name, title ON documents
    WHEN old.folded_name != new.folded_name OR old.title != new.title BEGIN
        INSERT INTO names_fts (names_fts, rowid, words, keys) VALUES (
            'delete', old.id, index_words(old.folded_name || ' ' || old.title), name_keys(old.folded_name, old.title)
        );
        INSERT INTO names_fts (rowid, words, keys) VALUES (
            new.id, index_words(new.folded_name || ' ' || new.title), name_keys(new.folded_name, new.title)
        );
    END;
    """,
    """
    ALTER TABLE documents ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
    CREATE INDEX files_by_name ON files (owner, filename, created_at);
    """,
    """
    CREATE TABLE headings (
        document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        start_offset INTEGER NOT NULL,
        level INTEGER NOT NULL,
        title TEXT NOT NULL,
        PRIMARY KEY (document_id, number)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE chunks ADD COLUMN hidden TEXT NOT NULL DEFAULT '';
    """,
    """
    CREATE TABLE keys (
        name TEXT PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        is_admin INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        revoked_at INTEGER
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE shares (
        collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        principal TEXT NOT NULL,
        access TEXT NOT NULL,
        PRIMARY KEY (collection_id, principal)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX shares_by_principal ON shares (principal);

    CREATE VIEW collection_access (viewer, collection_id, access) AS
        SELECT owner, id, 'owner' FROM collections
        UNION ALL SELECT principal, collection_id, access FROM shares
        UNION ALL SELECT '*', id, 'owner' FROM collections;
    """,
    """
    ALTER TABLE collections ADD COLUMN label TEXT NOT NULL DEFAULT '';
    ALTER TABLE collections ADD COLUMN description TEXT NOT NULL DEFAULT '';
    ALTER TABLE collections ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE collections ADD COLUMN expires_after_days INTEGER;
    ALTER TABLE collections ADD COLUMN last_active_at INTEGER NOT NULL DEFAULT 0;
    UPDATE collections SET last_active_at = created_at;
    CREATE INDEX collections_by_label ON collections (label) WHERE label != '';
    CREATE INDEX collections_that_expire ON collections (last_active_at) WHERE expires_after_days IS NOT NULL;

    ALTER TABLE files ADD COLUMN purpose TEXT NOT NULL DEFAULT 'assistants';
    ALTER TABLE files ADD COLUMN expires_at INTEGER;
    CREATE INDEX files_that_expire ON files (expires_at) WHERE expires_at IS NOT NULL;
    CREATE INDEX files_by_purpose ON files (owner, purpose, created_at, id);

    ALTER TABLE documents ADD COLUMN chunk_tokens INTEGER NOT NULL DEFAULT 0;

    CREATE TABLE file_batches (
        id TEXT PRIMARY KEY,
        collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        created_at INTEGER NOT NULL,
        is_cancelled INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX file_batches_by_collection ON file_batches (collection_id);

    CREATE TABLE file_batch_members (
        batch_id TEXT NOT NULL REFERENCES file_batches (id) ON DELETE CASCADE,
        file_id TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
        PRIMARY KEY (batch_id, file_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX file_batch_members_by_file ON file_batch_members (file_id);
    """,
    """
    CREATE TABLE responses (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        body TEXT NOT NULL,
        input TEXT NOT NULL,
        previous TEXT NOT NULL
    ) STRICT;
    CREATE INDEX responses_by_age ON responses (created_at);
    CREATE INDEX responses_by_owner ON responses (owner);

    CREATE TABLE response_documents (
        response INTEGER NOT NULL REFERENCES responses (number) ON DELETE CASCADE,
        collection_id TEXT NOT NULL,
        file_id TEXT NOT NULL,
        PRIMARY KEY (response, collection_id, file_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX response_documents_by_document ON response_documents (collection_id, file_id);
    """,
)
