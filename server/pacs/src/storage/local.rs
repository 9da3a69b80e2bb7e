//! A local directory, written so that a loss of power after [`Local::commit`] loses nothing.
//!
//! `object_store`'s `LocalFileSystem` does fsync file and directory since 0.14, but only with `with_fsync(true)`, which
//! is off by default; it wants the name before the bytes, which here is known after them, has no way to set the time of
//! receipt, and one directory fsync for each object. So the writing half is ours.
//!
//! Layout: `objects/ab/<64 digits>` by the first two digits, with `.packed` for a compressed form, `incoming/` for what is being received, `lock`. All 256
//! folders are made when the directory is first opened, so that no commit has to wait for a new folder's parent.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::hash::Hasher;
use super::packed::{self, Head};
use super::receipt::Receipts;
use super::staging::{self, Staged, TemporaryFile};
use super::{Committed, Error, Form, Hash, ObjectInfo, Result};

/// What the name of a compressed form ends with.
const PACKED: &str = ".packed";

/// How a file or directory is brought to the disk; tests let it fail.
pub(super) type Sync = fn(&File) -> std::io::Result<()>;

#[derive(Debug)]
pub(super) struct Local {
    root: PathBuf,
    incoming: PathBuf,
    folders: Vec<Folder>,
    receipts: Receipts,
    sync: Sync,
    /// Held locked as long as the storage is open; none where it is only read.
    _lock: Option<File>,
}

impl Local {
    pub(super) fn open(root: &Path, sync: Sync) -> Result<Self> {
        let objects = root.join("objects");
        std::fs::create_dir_all(&objects)?;
        let lock = lock(root)?;
        let incoming = root.join("incoming");
        staging::empty(&incoming)?;
        let folders = (0..=255_u8)
            .map(|first| Folder::open(objects.join(format!("{first:02x}"))))
            .collect::<Result<Vec<_>>>()?;
        for made in [objects.as_path(), root] {
            sync(&File::open(made)?)?;
        }
        Ok(Self {
            root: root.to_owned(),
            incoming,
            folders,
            receipts: Receipts::default(),
            sync,
            _lock: Some(lock),
        })
    }

    /// Only reads what another process may be writing.
    pub(super) fn reading(root: &Path) -> Result<Self> {
        let objects = root.join("objects");
        std::fs::metadata(&objects)?;
        let folder = |first: u8| Folder::at(objects.join(format!("{first:02x}")));
        Ok(Self {
            root: root.to_owned(),
            incoming: root.join("incoming"),
            folders: (0..=255_u8).map(folder).collect(),
            receipts: Receipts::default(),
            sync: File::sync_all,
            _lock: None,
        })
    }

    pub(super) fn incoming(&self) -> &Path {
        &self.incoming
    }

    pub(super) fn receipts(&self) -> &Receipts {
        &self.receipts
    }

    pub(super) fn path(&self, form: Form, hash: Hash) -> PathBuf {
        let end = match form {
            Form::Received => "",
            Form::Packed => PACKED,
        };
        self.root.join(format!("objects/{:02x}/{hash}{end}", hash.0[0]))
    }

    /// Brings the bytes to the disk, but for their name; nothing where something has it.
    pub(super) fn prepare(&self, staged: Staged) -> Result<Staged> {
        let path = self.path(Form::Received, staged.hash);
        // What has the name is read when it is stored: most likely it is the same.
        if path.exists() || self.path(Form::Packed, staged.hash).exists() {
            return Ok(staged);
        }
        self.written(staged, None)
    }

    /// `received_ns` is given for what was received before, elsewhere.
    fn written(&self, mut staged: Staged, received_ns: Option<i64>) -> Result<Staged> {
        let path = self.path(Form::Received, staged.hash);
        // The time of receipt is part of the file, so that an index made anew finds the same order.
        let received_ns = match (received_ns, std::fs::metadata(&path)) {
            (Some(received_ns), _) => received_ns,
            (None, Ok(damaged)) => modified_ns(&damaged)?,
            (None, Err(_)) => self.receipts.next_ns(),
        };
        let file = whole_file(&mut staged)?;
        file.file.set_modified(time_of(received_ns))?;
        (self.sync)(&file.file)?;
        staged.file = Some(file);
        staged.prepared_ns = Some(received_ns);
        Ok(staged)
    }

    /// Stores what was prepared, or is prepared now.
    pub(super) fn commit(&self, mut staged: Staged, received_ns: Option<i64>) -> Result<Committed> {
        if staged.prepared_ns.is_none() {
            if let Some(object) = self.undamaged(staged.hash)? {
                return self.existing(&self.folders[usize::from(staged.hash.0[0])], object);
            }
            staged = self.written(staged, received_ns)?;
        }
        let Staged {
            hash,
            size,
            file,
            prepared_ns,
            ..
        } = staged;
        let folder = &self.folders[usize::from(hash.0[0])];
        let received_ns = {
            let _naming = folder
                .naming
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            // Another writer of the same bytes may have been first; its time of receipt stands.
            if let Some(object) = self.undamaged(hash)? {
                return self.existing(folder, object);
            }
            let (Some(file), Some(received_ns)) = (file, prepared_ns) else {
                // It was there a moment ago.
                return Err(Error::NotFound(hash));
            };
            file.rename(&self.path(Form::Received, hash))?;
            received_ns
        };
        folder.sync(self.sync)?;
        Ok(Committed {
            object: ObjectInfo {
                received_ns,
                hash,
                size,
            },
            existed: false,
        })
    }

    /// Acknowledges bytes that have their name, perhaps for a moment only: the directory is brought to the disk too.
    fn existing(&self, folder: &Folder, object: ObjectInfo) -> Result<Committed> {
        folder.sync(self.sync)?;
        Ok(Committed {
            object,
            existed: true,
        })
    }

    /// Gives the object if it is there, in either form, and its bytes are right.
    fn undamaged(&self, hash: Hash) -> Result<Option<ObjectInfo>> {
        let mut file = match File::open(self.path(Form::Received, hash)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return self.undamaged_packed(hash),
            Err(error) => return Err(error.into()),
        };
        match hash_file(&mut file) {
            Ok(found) if found == hash => Ok(Some(info(hash, &file.metadata()?)?)),
            // Good bytes take its place, whatever the compressed form says.
            _ => Ok(None),
        }
    }

    fn undamaged_packed(&self, hash: Hash) -> Result<Option<ObjectInfo>> {
        let Ok(file) = std::fs::read(self.path(Form::Packed, hash)) else {
            return Ok(None);
        };
        let is_right = packed::is_whole(&file)
            && packed::unpack(&file).is_some_and(|received| Hash::of(&received) == hash);
        if is_right {
            self.packed_info(hash)
        } else {
            Ok(None)
        }
    }

    /// What is known of an object that lies in its compressed form.
    fn packed_info(&self, hash: Hash) -> Result<Option<ObjectInfo>> {
        let Some((head, metadata)) = self.head(hash)? else {
            return Ok(None);
        };
        Ok(Some(ObjectInfo {
            received_ns: modified_ns(&metadata)?,
            hash,
            size: head.received_size,
        }))
    }

    fn head(&self, hash: Hash) -> Result<Option<(Head, std::fs::Metadata)>> {
        let mut file = match File::open(self.path(Form::Packed, hash)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = [0; packed::HEAD_BYTES];
        let read = file.read_exact(&mut bytes);
        let head = read.ok().and_then(|()| Head::read(&bytes));
        Ok(Some((head.ok_or(packed::damaged(hash))?, file.metadata()?)))
    }

    /// What a compressed form says of itself, and its bytes; `None` where there is none, or the received bytes lie there too.
    pub(super) fn packed_head(&self, hash: Hash) -> Result<Option<(Head, u64)>> {
        if self.path(Form::Received, hash).exists() {
            return Ok(None);
        }
        let found = self.head(hash)?;
        Ok(found.map(|(head, metadata)| (head, metadata.len())))
    }

    /// What is known of an object without reading it.
    pub(super) fn info(&self, hash: Hash) -> Result<ObjectInfo> {
        match std::fs::metadata(self.path(Form::Received, hash)) {
            Ok(metadata) => info(hash, &metadata),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.packed_info(hash)?.ok_or(Error::NotFound(hash))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Names a compressed form; it is on the disk when this returns.
    pub(super) fn commit_packed(&self, mut staged: Staged, hash: Hash, received_ns: i64) -> Result<()> {
        let file = whole_file(&mut staged)?;
        file.file.set_modified(time_of(received_ns))?;
        (self.sync)(&file.file)?;
        file.rename(&self.path(Form::Packed, hash))?;
        self.folders[usize::from(hash.0[0])].sync(self.sync)
    }

    /// Removes an object in both its forms.
    pub(super) fn remove(&self, hash: Hash) -> Result<()> {
        self.remove_form(Form::Packed, hash)?;
        self.remove_form(Form::Received, hash)
    }

    /// Removes one form; returns when it is gone from the disk.
    pub(super) fn remove_form(&self, form: Form, hash: Hash) -> Result<()> {
        match std::fs::remove_file(self.path(form, hash)) {
            Ok(()) => {}
            // Gone already, perhaps not yet on the disk.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        self.folders[usize::from(hash.0[0])].sync(self.sync)
    }

    pub(super) fn answers(&self) -> Result<()> {
        let mut file = TemporaryFile::new(&self.incoming)?;
        Ok(file.file.write_all(b"ready?")?)
    }

    pub(super) fn list(&self) -> Result<Vec<ObjectInfo>> {
        let mut found = Vec::new();
        for folder in &self.folders {
            for entry in std::fs::read_dir(&folder.path)? {
                let entry = entry?;
                let name = entry.file_name();
                let Some(name) = name.to_str() else { continue };
                if let Some(hash) = name.strip_suffix(PACKED).and_then(Hash::from_hex) {
                    found.extend(self.listed_packed(hash, &entry.metadata()?)?);
                } else if let Some(hash) = Hash::from_hex(name) {
                    found.push(info(hash, &entry.metadata()?)?);
                }
            }
        }
        Ok(found)
    }

    /// An object that lies in its compressed form alone; one that is damaged is listed as large as its file.
    fn listed_packed(&self, hash: Hash, metadata: &std::fs::Metadata) -> Result<Option<ObjectInfo>> {
        if self.path(Form::Received, hash).exists() {
            return Ok(None);
        }
        match self.packed_info(hash) {
            Err(Error::Damaged { .. }) => Ok(Some(info(hash, metadata)?)),
            other => other,
        }
    }
}

pub(super) fn lock(root: &Path) -> Result<File> {
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(root.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse),
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}

fn whole_file(staged: &mut Staged) -> Result<TemporaryFile> {
    if let Some(file) = staged.file.take() {
        return Ok(file);
    }
    let mut file = TemporaryFile::new(&staged.incoming)?;
    file.file.write_all(&staged.head)?;
    Ok(file)
}

pub(super) fn hash_file(file: &mut File) -> std::io::Result<Hash> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            n => hasher.update(&buffer[..n]),
        }
    }
}

pub(super) fn info(hash: Hash, metadata: &std::fs::Metadata) -> Result<ObjectInfo> {
    Ok(ObjectInfo {
        received_ns: modified_ns(metadata)?,
        hash,
        size: metadata.len(),
    })
}

fn modified_ns(metadata: &std::fs::Metadata) -> Result<i64> {
    let since = metadata.modified()?.duration_since(UNIX_EPOCH);
    Ok(since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)))
}

fn time_of(received_ns: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(received_ns.unsigned_abs())
}

/// A folder of objects, whose fsync is shared by all who wait for it.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Held while a name is given.
    naming: Mutex<()>,
    asked: AtomicU64,
    /// All that was asked up to this number is on the disk.
    done: Mutex<u64>,
}

impl Folder {
    fn open(path: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&path)?;
        Ok(Self::at(path))
    }

    fn at(path: PathBuf) -> Self {
        Self {
            path,
            naming: Mutex::new(()),
            asked: AtomicU64::new(0),
            done: Mutex::new(0),
        }
    }

    /// Returns when every rename before the call is on the disk.
    fn sync(&self, sync: Sync) -> Result<()> {
        let ticket = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut done = self
            .done
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if *done >= ticket {
            return Ok(());
        }
        let covers = self.asked.load(Ordering::SeqCst);
        sync(&File::open(&self.path)?)?;
        *done = covers;
        Ok(())
    }
}
