//! The table of files. One of a kind is kept of a person or of an organisation: another takes its place.

use database::{Connection, Sql};

use super::picture::Made;
use crate::organisations::store::only;
use crate::secrets::SiteKey;
use crate::{Error, Result};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person's picture.
    Avatar,
    /// A signature: a person's, or the fixed one of an organisation.
    Signature,
    /// The fixed signature of a docking.
    DockingSignature,
    /// An organisation's logo.
    Logo,
    /// An identity card.
    IdentityCard,
    /// A certificate of practising.
    PractisingCertificate,
    /// A certificate of qualification.
    QualificationCertificate,
}

impl Kind {
    /// The documents that a doctor is verified by.
    pub const DOCUMENTS: [Self; 3] = [
        Self::IdentityCard,
        Self::PractisingCertificate,
        Self::QualificationCertificate,
    ];

    /// The word of the table, of addresses and of the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Avatar => "avatar",
            Self::Signature => "signature",
            Self::DockingSignature => "docking-signature",
            Self::Logo => "logo",
            Self::IdentityCard => "identity-card",
            Self::PractisingCertificate => "practising-certificate",
            Self::QualificationCertificate => "qualification-certificate",
        }
    }

    /// Reads [`Kind::word`] of a document.
    #[must_use]
    pub fn document(word: &str) -> Option<Self> {
        Self::DOCUMENTS.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether it is kept so that the database alone does not show it.
    fn is_encrypted(self) -> bool {
        Self::DOCUMENTS.contains(&self)
    }
}

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A person's.
    Person(i64),
    /// An organisation's.
    Organisation(i64),
}

impl Owner {
    fn column(self) -> (&'static str, i64) {
        match self {
            Self::Person(id) => ("person", id),
            Self::Organisation(id) => ("organisation", id),
        }
    }

    /// What encrypted bytes are bound to: those of another are not read in their place.
    fn purpose(self, kind: Kind) -> String {
        let (column, id) = self.column();
        format!("file {column} {id} {}", kind.word())
    }
}

/// A file as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub id: i64,
    /// Its media type.
    pub media_type: String,
    /// Its bytes, decrypted.
    pub content: Vec<u8>,
    /// Since when it is there.
    pub created_ns: i64,
}

/// Keeps a file in the place of the one of its kind; gives its number.
///
/// # Errors
///
/// The database's.
pub async fn put(
    connection: &impl Connection,
    key: &SiteKey,
    owner: Owner,
    kind: Kind,
    made: Made,
    now_ns: i64,
) -> Result<i64> {
    // First the new one: a number that is free again would be given to it.
    let id = add(connection, key, owner, kind, made, now_ns).await?;
    let (column, of) = owner.column();
    let mut sql = Sql::new(format!("DELETE FROM files WHERE {column} = "));
    sql.bind(of)
        .push(" AND kind = ")
        .bind(kind.word())
        .push(" AND id < ")
        .bind(id);
    sql.run(connection).await?;
    Ok(id)
}

/// Keeps a file beside those of its kind; gives its number.
///
/// # Errors
///
/// The database's.
pub async fn add(
    connection: &impl Connection,
    key: &SiteKey,
    owner: Owner,
    kind: Kind,
    made: Made,
    now_ns: i64,
) -> Result<i64> {
    let content = match kind.is_encrypted() {
        true => key.encrypt(&made.content, &owner.purpose(kind))?,
        false => made.content,
    };
    let (column, id) = owner.column();
    let mut sql = Sql::new(format!(
        "INSERT INTO files ({column}, kind, media_type, is_encrypted, content, created_ns) VALUES ("
    ));
    sql.bind(id)
        .push(", ")
        .bind_all([kind.word(), made.media_type])
        .push(", ");
    sql.bind(i64::from(kind.is_encrypted()))
        .push(", ")
        .bind(content)
        .push(", ");
    sql.bind(now_ns).push(") RETURNING id");
    only(&sql, connection).await
}

/// Takes a file away.
///
/// # Errors
///
/// The database's.
pub async fn remove(connection: &impl Connection, owner: Owner, kind: Kind) -> Result<bool> {
    let (column, id) = owner.column();
    let mut sql = Sql::new(format!("DELETE FROM files WHERE {column} = "));
    sql.bind(id).push(" AND kind = ").bind(kind.word());
    Ok(sql.run(connection).await? > 0)
}

/// Takes a file away by its number.
///
/// # Errors
///
/// The database's.
pub async fn remove_one(connection: &impl Connection, id: i64) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM files WHERE id = ");
    sql.bind(id).run(connection).await?;
    Ok(())
}

/// The file of a kind.
///
/// # Errors
///
/// The database's; [`Error::Internal`] where it cannot be decrypted.
pub async fn get(
    connection: &impl Connection,
    key: &SiteKey,
    owner: Owner,
    kind: Kind,
) -> Result<Option<Stored>> {
    let (column, id) = owner.column();
    let mut sql = Sql::new(format!(
        "SELECT id, media_type, is_encrypted, content, created_ns FROM files WHERE {column} = "
    ));
    sql.bind(id)
        .push(" AND kind = ")
        .bind(kind.word())
        .push(" ORDER BY id DESC LIMIT 1");
    let Some(row) = sql.one(connection).await? else {
        return Ok(None);
    };
    let (is_encrypted, content): (i64, Vec<u8>) = (row.get(2)?, row.get(3)?);
    let content = match is_encrypted {
        0 => content,
        _ => key.decrypt(&content, &owner.purpose(kind))?,
    };
    Ok(Some(Stored {
        id: row.get(0)?,
        media_type: row.get(1)?,
        content,
        created_ns: row.get(4)?,
    }))
}

/// A file that is not encrypted, by its number.
///
/// # Errors
///
/// The database's.
pub async fn plain(connection: &impl Connection, id: i64) -> Result<Stored> {
    let mut sql =
        Sql::new("SELECT id, media_type, content, created_ns FROM files WHERE is_encrypted = 0 AND id = ");
    let row = sql.bind(id).one(connection).await?.ok_or(Error::NotFound)?;
    Ok(Stored {
        id: row.get(0)?,
        media_type: row.get(1)?,
        content: row.get(2)?,
        created_ns: row.get(3)?,
    })
}

/// The number of the file of a kind, and since when it is there.
///
/// # Errors
///
/// The database's.
pub async fn since(connection: &impl Connection, owner: Owner, kind: Kind) -> Result<Option<(i64, i64)>> {
    let (column, id) = owner.column();
    let mut sql = Sql::new(format!("SELECT id, created_ns FROM files WHERE {column} = "));
    sql.bind(id)
        .push(" AND kind = ")
        .bind(kind.word())
        .push(" ORDER BY id DESC LIMIT 1");
    let row = sql.one(connection).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Whether two people are members of one organisation.
///
/// # Errors
///
/// The database's.
pub async fn are_together(connection: &impl Connection, one: i64, other: i64) -> Result<bool> {
    let mut sql = Sql::new(
        "SELECT 1 FROM memberships a JOIN memberships b ON b.organisation = a.organisation AND b.state = 'active' \
         WHERE a.state = 'active' AND a.person = ",
    );
    sql.bind(one)
        .push(" AND b.person = ")
        .bind(other)
        .push(" LIMIT 1");
    Ok(sql.one(connection).await?.is_some())
}
