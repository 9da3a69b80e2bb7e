//! The archive's objects copied elsewhere while it is served.
//!
//! An object never changes and is named by its bytes, so a copy is whole when every object that the index knew at one moment
//! is in it. What is copied before the index is saved may be more than it knows; what came meanwhile is copied after.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use database::{Page, Sql};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::index::{self, Index};
use crate::storage::{self, Hash, Storage};

/// Objects on their way at once.
const AT_ONCE: usize = 4;
/// Bytes of a file that are read at a time.
const PIECE: usize = 1 << 20;
/// Rows that are read together.
const TOGETHER: u32 = 10_000;

/// Why a copy is not whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A store failed, or an object is damaged.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] index::Error),
}

/// Result of this module's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What was copied.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Objects that were not there before.
    pub objects: u64,
    /// Their bytes, as they were received.
    pub bytes: u64,
}

impl std::ops::AddAssign for Copied {
    fn add_assign(&mut self, other: Self) {
        self.objects += other.objects;
        self.bytes += other.bytes;
    }
}

/// The objects that the index knows, in the order of their bytes.
///
/// # Errors
///
/// [`Error::Index`].
pub async fn known(index: &Index) -> Result<Vec<Hash>> {
    let mut known = Vec::new();
    let mut page = Page {
        after: 0,
        limit: TOGETHER,
    };
    loop {
        let mut sql = Sql::new("SELECT id, hash FROM instances WHERE 1 = 1");
        let rows = sql
            .page("id", page)
            .all(index.readers())
            .await
            .map_err(index::Error::from)?;
        for row in &rows {
            page.after = row.get(0).map_err(index::Error::from)?;
            let hash: String = row.get(1).map_err(index::Error::from)?;
            known.push(Hash::from_hex(&hash).ok_or(index::Error::Damaged("a hash"))?);
        }
        if rows.len() < TOGETHER as usize {
            known.sort_unstable();
            known.dedup();
            return Ok(known);
        }
    }
}

/// Copies those of some objects that are not `there` yet, each verified in its new place, and adds them to `there`. `told` hears
/// after each of them how many were copied, and of how many.
///
/// # Errors
///
/// [`Error::Storage`]: the objects before the one that failed are copied.
pub async fn copy(
    from: &Storage,
    to: &Storage,
    objects: &[Hash],
    there: &mut HashSet<Hash>,
    told: impl Fn(u64, u64),
) -> Result<Copied> {
    let wanted = objects.iter().copied().filter(|hash| !there.contains(hash));
    let wanted: Vec<Hash> = wanted.collect();
    let all = wanted.len() as u64;
    let one = async |hash: Hash| {
        let object = from.info(hash).await?;
        to.copy_from(from, hash, object.received_ns).await?;
        Ok::<_, storage::Error>(object)
    };
    let mut copying = stream::iter(wanted).map(one).buffer_unordered(AT_ONCE);
    let mut copied = Copied::default();
    while let Some(object) = copying.try_next().await? {
        there.insert(object.hash);
        copied += Copied {
            objects: 1,
            bytes: object.size,
        };
        told(copied.objects, all);
    }
    Ok(copied)
}

/// Keeps a file as an object, verified in its place; gives its name.
///
/// # Errors
///
/// [`Error::Storage`].
pub async fn store_file(to: &Storage, path: &Path) -> Result<Hash> {
    let mut file = File::open(path).map_err(storage::Error::from)?;
    let (mut staging, mut piece) = (to.stage(), vec![0; PIECE]);
    loop {
        match file.read(&mut piece).map_err(storage::Error::from)? {
            0 => break,
            count => staging.write(&piece[..count]).await?,
        }
    }
    let hash = to.commit(staging.finish()).await?.object.hash;
    to.verify(hash).await?;
    Ok(hash)
}

/// Writes an object into a file.
///
/// # Errors
///
/// [`Error::Storage`].
pub async fn load_file(from: &Storage, hash: Hash, path: &Path) -> Result<()> {
    let mut file = File::create(path).map_err(storage::Error::from)?;
    let mut pieces = std::pin::pin!(from.open(hash).await?);
    while let Some(piece) = pieces.try_next().await? {
        file.write_all(&piece).map_err(storage::Error::from)?;
    }
    Ok(())
}

/// Removes from a copy what none of the moments that are kept knows; gives how many objects.
///
/// # Errors
///
/// [`Error::Storage`].
pub async fn prune(copies: &Storage, kept: &HashSet<Hash>) -> Result<u64> {
    let mut pruned = 0;
    for object in copies.list().await? {
        if !kept.contains(&object.hash) {
            copies.remove(object.hash).await?;
            pruned += 1;
        }
    }
    Ok(pruned)
}
