//! How a person is reached: the mobile number, the address of e-mail and whether it was shown to be the person's, the
//! language of what is sent.

use database::{Connection, Sql};

use super::store;
use crate::Result;
use crate::language::Language;

/// Gives an account another mobile number; `false` where it is another's.
///
/// # Errors
///
/// The database's.
pub(crate) async fn set_mobile(connection: &impl Connection, id: i64, mobile: &str) -> Result<bool> {
    if store::by_mobile(connection, mobile).await?.is_some() {
        return Ok(false);
    }
    let mut sql = Sql::new("UPDATE people SET mobile = ");
    sql.bind(mobile)
        .push(" WHERE id = ")
        .bind(id)
        .run(connection)
        .await?;
    Ok(true)
}

/// Notes that the address of e-mail was shown to be the person's.
pub(crate) async fn set_email_verified(connection: &impl Connection, id: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET email_verified_ns = ");
    sql.bind(now_ns)
        .push(" WHERE id = ")
        .bind(id)
        .run(connection)
        .await?;
    Ok(())
}

/// The address of e-mail, where it was shown to be the person's.
///
/// # Errors
///
/// The database's.
pub(crate) async fn verified_email(connection: &impl Connection, id: i64) -> Result<Option<String>> {
    let mut sql = Sql::new("SELECT email FROM people WHERE email_verified_ns IS NOT NULL AND id = ");
    let row = sql.bind(id).one(connection).await?;
    Ok(row.map_or(Ok(None), |row| row.get(0))?)
}

/// Whether an account is a patient's.
///
/// # Errors
///
/// The database's.
pub(crate) async fn is_patient(connection: &impl Connection, id: i64) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM people WHERE kind = 'patient' AND id = ");
    Ok(sql.bind(id).one(connection).await?.is_some())
}

/// Keeps the language of what a person is sent.
///
/// # Errors
///
/// The database's.
pub(crate) async fn set_language(connection: &impl Connection, id: i64, language: Language) -> Result<()> {
    let mut sql = Sql::new("UPDATE people SET language = ");
    sql.bind(language.tag())
        .push(" WHERE id = ")
        .bind(id)
        .run(connection)
        .await?;
    Ok(())
}

/// The language of what a person is sent.
///
/// # Errors
///
/// The database's.
pub(crate) async fn language(connection: &impl Connection, id: i64) -> Result<Language> {
    let mut sql = Sql::new("SELECT language FROM people WHERE id = ");
    let row = sql.bind(id).one(connection).await?;
    let tag: Option<String> = row.map_or(Ok(None), |row| row.get(0))?;
    Ok(tag
        .and_then(|tag| Language::from_tag(&tag))
        .unwrap_or(Language::Chinese))
}
