//! Bearer tokens in a file, known by their hashes.
//!
//! ```toml
//! [[token]]
//! name = "viewer"
//! sha256 = "5e88…"
//! may = ["find", "retrieve", "export"]
//! ```
//!
//! Of a token, `retrieve` is looking, and `export` taking objects away. What was written when there was one word for both is
//! named in the log: nobody finds out by a refusal alone.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;

use super::{Action, Authorize, Boxed, Context, Failed, Principal};
use crate::storage::Hash;

/// How long a change of the file may go unseen.
const STALE: Duration = Duration::from_secs(1);
/// Bytes of a file at most.
const MAX_BYTES: u64 = 1 << 20;

/// Why a file of tokens cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read the tokens in {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what is expected.
    #[error("{path}: {words}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        words: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    token: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    sha256: String,
    may: Vec<Action>,
}

/// Tokens by their hash. The file is read again when it changes: a token that is taken out ends within a second.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
    read: Mutex<Read>,
}

#[derive(Debug)]
struct Read {
    tokens: HashMap<Hash, String>,
    rights: HashMap<String, Vec<Action>>,
    changed: Option<SystemTime>,
    looked: Instant,
}

impl TokenFile {
    /// Reads the file; one that is absent has no tokens, and may come later.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Invalid`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            path: path.to_owned(),
            read: Mutex::new(read(path)?),
        })
    }

    /// Whether a token has this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.with(|read| read.rights.contains_key(name))
    }

    /// Who holds this token. Tokens are looked up by their hash: how long that takes says nothing about a token.
    #[must_use]
    pub fn holder(&self, token: &str) -> Option<Principal> {
        let hash = Hash::of(token.as_bytes());
        self.with(|read| read.tokens.get(&hash).cloned().map(Principal::Token))
    }

    /// Looks at what the file says now. A file that became unreadable lets nobody in.
    fn with<T>(&self, look: impl FnOnce(&Read) -> T) -> T {
        let mut held = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if held.looked.elapsed() >= STALE {
            let changed = changed(&self.path);
            if changed == held.changed {
                held.looked = Instant::now();
            } else {
                *held = read(&self.path).unwrap_or_else(|error| {
                    tracing::error!(%error, "no token is accepted");
                    Read::none(changed)
                });
            }
        }
        look(&held)
    }
}

impl Read {
    fn none(changed: Option<SystemTime>) -> Self {
        Self {
            tokens: HashMap::new(),
            rights: HashMap::new(),
            changed,
            looked: Instant::now(),
        }
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}

fn read(path: &Path) -> Result<Read, Error> {
    let changed = changed(path);
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let invalid = |words: String| Error::Invalid {
        path: path.to_owned(),
        words,
    };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Read::none(None)),
        Err(error) => return Err(io(error)),
        Ok(metadata) if metadata.len() > MAX_BYTES => {
            return Err(invalid(format!(
                "expected at most {MAX_BYTES} bytes, found {}",
                metadata.len()
            )));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    let file: File = toml::from_str(&text).map_err(|error| invalid(error.message().to_owned()))?;
    let mut read = Read::none(changed);
    for Entry { name, sha256, may } in file.token {
        let hash = Hash::from_hex(&sha256)
            .ok_or_else(|| invalid(format!("token {name}: expected 64 hexadecimal digits as sha256")))?;
        if may.contains(&Action::Retrieve) && !may.contains(&Action::Export) {
            tracing::warn!(
                token = name,
                "looks at images and takes no objects away: \"export\" would let it"
            );
        }
        if read.rights.insert(name.clone(), may).is_some() {
            return Err(invalid(format!("token {name} stands twice")));
        }
        read.tokens.insert(hash, name);
    }
    Ok(read)
}

impl Authorize for TokenFile {
    fn bearer<'a>(
        &'a self,
        token: &'a str,
        _context: &'a Context,
    ) -> Boxed<'a, Result<Option<Principal>, Failed>> {
        let holder = self.holder(token);
        Box::pin(async move { Ok(holder) })
    }

    fn may<'a>(
        &'a self,
        who: &'a Principal,
        action: Action,
        _study_uid: Option<&'a str>,
    ) -> Boxed<'a, Result<bool, Failed>> {
        let has = |name: &str| {
            self.with(|read| {
                let rights = read.rights.get(name);
                rights.is_some_and(|rights| rights.contains(&action))
            })
        };
        let may = matches!(who, Principal::Token(name) if has(name));
        Box::pin(async move { Ok(may) })
    }
}

/// Makes a token of 256 random bits; gives it, and the entry of the file.
///
/// # Errors
///
/// When the system gives no random numbers.
pub fn new_token(name: &str, may: &[Action]) -> Result<(String, String), getrandom::Error> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let token: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let may: Vec<String> = may
        .iter()
        .filter_map(|action| serde_json::to_string(action).ok())
        .collect();
    let name = serde_json::Value::from(name);
    let hash = Hash::of(token.as_bytes());
    let entry = format!(
        "[[token]]\nname = {name}\nsha256 = \"{hash}\"\nmay = [{}]\n",
        may.join(", ")
    );
    Ok((token, entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::TestFolder;

    #[tokio::test]
    async fn a_token_may_what_the_file_says_until_it_is_taken_out() {
        let folder = TestFolder::new("tokens");
        let path = folder.path().join("tokens.toml");
        let (token, entry) = new_token("viewer", &[Action::Find, Action::Retrieve]).unwrap();
        std::fs::write(&path, entry).unwrap();
        let file = TokenFile::open(&path).unwrap();
        let context = Context::default();
        let who = file.bearer(&token, &context).await.unwrap().unwrap();
        assert_eq!(who, Principal::Token("viewer".to_owned()));
        assert!(file.may(&who, Action::Find, None).await.unwrap());
        assert!(!file.may(&who, Action::Store, None).await.unwrap());
        assert_eq!(file.bearer("another", &context).await.unwrap(), None);
        assert_eq!(file.anonymous(), None);
        std::fs::remove_file(&path).unwrap();
        file.read.lock().unwrap().looked -= STALE;
        assert_eq!(file.bearer(&token, &context).await.unwrap(), None);
        assert!(!file.may(&who, Action::Find, None).await.unwrap());
    }

    #[test]
    fn a_file_that_says_something_else_is_refused() {
        let folder = TestFolder::new("tokens");
        let path = folder.path().join("tokens.toml");
        for text in [
            "[[token]]\nname = \"a\"",
            "[[token]]\nname = \"a\"\nsha256 = \"12\"\nmay = []",
            "[[token]]\nname = \"a\"\nsha256 = \"12\"\nmay = [\"everything\"]",
            "tokens = 1",
        ] {
            std::fs::write(&path, text).unwrap();
            assert!(
                matches!(TokenFile::open(&path), Err(Error::Invalid { .. })),
                "{text}"
            );
        }
        assert!(TokenFile::open(&folder.path().join("absent")).is_ok());
    }
}
