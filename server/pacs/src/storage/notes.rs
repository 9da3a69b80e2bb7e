//! Small things under names of their own, beside the objects of a store behind the network.

use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};

use super::{Backend, Error, Result, Storage};

/// What all names begin with.
const FOLDER: &str = "notes";

/// Notes of a store; clones share it.
#[derive(Debug, Clone)]
pub struct Notes(Arc<dyn ObjectStore>);

impl Storage {
    /// The notes beside the objects; a local directory has none, since files may lie beside it.
    #[must_use]
    pub fn notes(&self) -> Option<Notes> {
        match &self.backend {
            Backend::Local(_) => None,
            Backend::Remote(remote) => Some(Notes(Arc::clone(&remote.store))),
        }
    }
}

impl Notes {
    fn key(name: &str) -> Key {
        Key::from_iter([FOLDER, name])
    }

    /// Writes a note; when this returns, the store has it.
    ///
    /// # Errors
    ///
    /// [`Error::Full`], [`Error::Store`].
    pub async fn write(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        let written = self.0.put(&Self::key(name), bytes.into()).await;
        written.map(|_| ()).map_err(Error::store)
    }

    /// Gives the names of all notes, in no order.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn names(&self) -> Result<Vec<String>> {
        let folder = Key::from(FOLDER);
        let mut listed = self.0.list(Some(&folder));
        let mut names = Vec::new();
        while let Some(meta) = listed.try_next().await.map_err(Error::store)? {
            names.extend(meta.location.filename().map(str::to_owned));
        }
        Ok(names)
    }

    /// Reads a note; `None` where it has more than so many bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Store`], also where there is no such note.
    pub async fn read(&self, name: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
        let found = self.0.get(&Self::key(name)).await.map_err(Error::store)?;
        if found.meta.size > limit_bytes {
            return Ok(None);
        }
        Ok(Some(found.bytes().await.map_err(Error::store)?.to_vec()))
    }

    /// Removes a note.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn remove(&self, name: &str) -> Result<()> {
        self.0.delete(&Self::key(name)).await.map_err(Error::store)
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;
    use crate::test_folder::TestFolder;

    #[tokio::test]
    async fn notes_lie_beside_objects() {
        let folder = TestFolder::new("notes");
        let storage = Storage::remote(Arc::new(InMemory::new()), folder.path()).unwrap();
        let mut staging = storage.stage();
        staging.write(b"object").await.unwrap();
        storage.commit(staging.finish()).await.unwrap();
        let notes = storage.notes().unwrap();
        assert_eq!(notes.names().await.unwrap(), Vec::<String>::new());
        notes.write("2026-03-01", b"first".to_vec()).await.unwrap();
        notes.write("2026-03-01", b"second".to_vec()).await.unwrap();
        notes.write("2026-03-02", Vec::new()).await.unwrap();
        let mut names = notes.names().await.unwrap();
        names.sort();
        assert_eq!(names, ["2026-03-01", "2026-03-02"]);
        assert_eq!(
            notes.read("2026-03-01", 6).await.unwrap().as_deref(),
            Some(&b"second"[..])
        );
        assert_eq!(notes.read("2026-03-01", 5).await.unwrap(), None);
        notes.remove("2026-03-01").await.unwrap();
        assert!(notes.read("2026-03-01", 6).await.is_err());
        assert_eq!(storage.list().await.unwrap().len(), 1);
        assert!(
            Storage::local(&folder.path().join("local"))
                .unwrap()
                .notes()
                .is_none()
        );
    }
}
