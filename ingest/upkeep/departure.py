"""Delete a principal with everything that it owns."""

from ingest.library.library import Library
from ingest.storage import collections, keys, shares


def delete_principal(library: Library, name: str) -> None:
    """Revoke the key of a principal, then delete its collections, files, conversations and responses, and its name.

    Raises `KeyNotFoundError`. After a crash the key is revoked; what is left is deleted by another call.
    """
    library.revoke_key(name)
    owned = library.as_owner(name)
    with library.storage.database.read() as db:
        collection_ids = collections.find_owned(db, name)
    for collection_id in collection_ids:
        owned.delete_collection(collection_id)
    for file in owned.files():
        owned.delete_file(file.id)
    for conversation in owned.conversations():
        owned.delete_conversation(conversation.id)
    owned.delete_responses()
    with library.storage.database.write() as db:
        shares.delete_of_principal(db, name)
        keys.delete(db, name)
