//! Where the chain ends, signed and kept outside the database: a journal whose end was cut off, or that was written anew
//! from some entry on, does not have these ends.
//!
//! A head is a line of JSON. The key is Ed25519 (RFC 8032); whoever holds database and key can still forge, so the file of
//! heads belongs where the database's administrator cannot write.

use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use database::Connection;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::chain::from_hex;
use super::{Chain, Error, Result, head};

/// Bytes of a file of heads that are read at most: a head a minute for twenty years.
const MAX_BYTES: u64 = 4 << 30;

/// Where the chain ended at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry.
    pub id: i64,
    /// The chain up to it.
    pub chain: Chain,
    /// When, in nanoseconds since 1970 (UTC).
    pub at_ns: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: i64,
    chain: String,
    at_ns: i64,
    signature: String,
}

/// The key that signs, in a file that only the server reads.
pub struct Key(Ed25519KeyPair);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// Reads the key, making it where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |words: String| Error::File(format!("the key {}: {words}", path.display()));
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                    .map_err(|_| failed("the system gives no random numbers".to_owned()))?;
                write_secret(path, made.as_ref()).map_err(|error| failed(error.to_string()))?;
                made.as_ref().to_vec()
            }
            Err(error) => return Err(failed(error.to_string())),
        };
        let pair =
            Ed25519KeyPair::from_pkcs8(&bytes).map_err(|_| failed("expected an Ed25519 key".to_owned()))?;
        Ok(Self(pair))
    }

    /// What others check signatures with.
    #[must_use]
    pub fn public(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }
}

/// Writes a new file that only the server reads, to the disk.
///
/// # Errors
///
/// Where it cannot be written, or is there already.
pub fn write_secret(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A file of heads.
#[derive(Debug, Clone)]
pub struct Heads(PathBuf);

impl Heads {
    /// In this file, which need not be there yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Signs where the chain ends and adds it to the file, where it ended elsewhere before.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::File`].
    pub async fn seal(&self, connection: &impl Connection, key: &Key, at_ns: i64) -> Result<Option<Head>> {
        let Some((id, chain)) = head(connection).await? else {
            return Ok(None);
        };
        let head = Head { id, chain, at_ns };
        let line = Line {
            id,
            chain: chain.to_hex(),
            at_ns,
            signature: hex(key.0.sign(&signed(&head)).as_ref()),
        };
        let line = serde_json::to_string(&line).map_err(|error| self.failed(&error))?;
        self.add(&line).map_err(|error| self.failed(&error))?;
        Ok(Some(head))
    }

    fn add(&self, line: &str) -> std::io::Result<()> {
        if let Some(folder) = self.0.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_data()
    }

    /// Reads the heads and checks their signatures. A last line that a loss of power cut is left out.
    ///
    /// # Errors
    ///
    /// [`Error::File`] where one is not signed with the key.
    pub fn read(&self, public: &[u8]) -> Result<Vec<Head>> {
        let bytes = match std::fs::metadata(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed(&error)),
            Ok(metadata) if metadata.len() > MAX_BYTES => {
                return Err(self.failed(&format!(
                    "expected at most {MAX_BYTES} bytes, found {}",
                    metadata.len()
                )));
            }
            Ok(_) => std::fs::read_to_string(&self.0).map_err(|error| self.failed(&error))?,
        };
        let is_whole = bytes.ends_with('\n');
        let lines: Vec<&str> = bytes.lines().collect();
        let mut heads = Vec::with_capacity(lines.len());
        for (number, text) in lines.iter().enumerate() {
            match self.line(text, public) {
                Some(head) => heads.push(head),
                None if number + 1 == lines.len() && !is_whole => {}
                None => {
                    return Err(self.failed(&format!(
                        "line {}: expected a head signed with the key",
                        number + 1
                    )));
                }
            }
        }
        Ok(heads)
    }

    /// Reads the last head alone, however many there are. `None` where there is none yet.
    ///
    /// # Errors
    ///
    /// [`Error::File`] where it is not signed with the key.
    pub fn last(&self, public: &[u8]) -> Result<Option<Head>> {
        let tail = match self.tail() {
            Ok(tail) => tail,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(&error)),
        };
        // What stands behind the last line's end was cut by a loss of power.
        let Some(end) = tail.rfind('\n') else {
            return Ok(None);
        };
        let last = tail[..end].rsplit('\n').next().unwrap_or_default();
        match self.line(last, public) {
            Some(head) => Ok(Some(head)),
            None => Err(self.failed(&"the last line: expected a head signed with the key")),
        }
    }

    /// The end of the file: more than two lines are long.
    fn tail(&self) -> std::io::Result<String> {
        const TAIL: u64 = 2048;
        let mut file = std::fs::File::open(&self.0)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn line(&self, text: &str, public: &[u8]) -> Option<Head> {
        let line: Line = serde_json::from_str(text).ok()?;
        let head = Head {
            id: line.id,
            chain: Chain::from_hex(&line.chain)?,
            at_ns: line.at_ns,
        };
        let signature = from_hex(&line.signature)?;
        let key = UnparsedPublicKey::new(&ED25519, public);
        key.verify(&signed(&head), &signature).ok()?;
        Some(head)
    }

    fn failed(&self, words: &dyn std::fmt::Display) -> Error {
        Error::File(format!("the heads {}: {words}", self.0.display()))
    }
}

/// What a signature is over.
fn signed(head: &Head) -> Vec<u8> {
    let numbers = [head.id.to_le_bytes(), head.at_ns.to_le_bytes()];
    [
        b"uptake journal head 1".as_slice(),
        &head.chain.0,
        &numbers.concat(),
    ]
    .concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
