"""The library's principals: their keys, and the collections that they share. One transaction a method."""

from ingest.errors import KeyNotFoundError
from ingest.principals import LOCAL, KeyForm, KeyRecord, Principal, Share, SharedAccess, digest_key, generate_key
from ingest.storage import collections, keys, shares
from ingest.storage.home import Home


class LibraryPrincipals:
    """Keys are those of all principals, whoever's view it is; collections are shared by their owner alone."""

    storage: Home

    def create_key(self, name: str, *, is_admin: bool = False, form: KeyForm = "pincite") -> str:
        """Make a key for a name of `check_principal_name` and return it; only its digest is stored.

        A name that had a key keeps what it owns. Raises `KeyExistsError` if its key is valid.
        """
        key = generate_key(form)
        with self.storage.database.write() as db:
            keys.insert(db, name, digest_key(key), is_admin=is_admin)
        return key

    def revoke_key(self, name: str) -> KeyRecord:
        """Revoke a key at once; what its principal owns stays. Raises `KeyNotFoundError`."""
        with self.storage.database.write() as db:
            return keys.revoke(db, name)

    def list_keys(self) -> list[KeyRecord]:
        """Return all keys by name, revoked ones included."""
        with self.storage.database.read() as db:
            return keys.find_all(db)

    def valid_keys(self) -> dict[str, Principal] | None:
        """Return each principal with a valid key by the key's digest; None if there never was a key."""
        with self.storage.database.read() as db:
            return keys.find_valid(db) if keys.find_all(db) else None

    def share_collection(self, collection_id: str, principal: str, access: SharedAccess) -> list[Share]:
        """Let a principal read a collection, or also change its documents; return with whom it is shared now.

        For its owner, who may do both, nothing changes. Raises `CollectionNotFoundError`, `CollectionNotYoursError`
        and, for a name without a key, `KeyNotFoundError`.
        """
        with self.storage.database.write() as db:
            shares.check(db, self.storage.owner, collection_id, "owner")
            if principal != LOCAL:
                keys.find(db, principal)
            if principal != collections.find(db, self.storage.owner, collection_id).owner:
                shares.put(db, collection_id, principal, access)
            return shares.find_all(db, collection_id)

    def unshare_collection(self, collection_id: str, principal: str) -> list[Share]:
        """Share a collection with a principal no more; return with whom it is shared now.

        A principal may give up its own share, and gets an empty list: the others are none of its business. Raises as
        `share_collection` does, and `KeyNotFoundError` if it was not shared with that name.
        """
        with self.storage.database.write() as db:
            shares.check(db, self.storage.owner, collection_id, "read" if principal == self.storage.owner else "owner")
            if not shares.delete(db, collection_id, principal):
                raise KeyNotFoundError(name=principal)
            return [] if principal == self.storage.owner else shares.find_all(db, collection_id)

    def collection_shares(self, collection_id: str) -> list[Share]:
        """Return with whom a collection is shared, by name; raises as `share_collection` does."""
        with self.storage.database.read() as db:
            shares.check(db, self.storage.owner, collection_id, "owner")
            return shares.find_all(db, collection_id)
