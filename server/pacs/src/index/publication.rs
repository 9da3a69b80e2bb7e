//! Which studies are published: those that somebody decided about from the moment that was decided, all others by a rule of
//! their custodian, so long after their first object came.
//!
//! The archive keeps the decisions beside what is made of objects, by the UID of the study, so that a rebuild of the index keeps
//! them. Who decides, what the rule is, and for whom there are only published studies ([`super::Restriction`]), others say.

use std::collections::BTreeMap;

use database::{Connection, Sql};

use super::Result;

/// Studies by whether they are published at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Publication {
    /// The moment, in nanoseconds since 1970 (UTC).
    pub at_ns: i64,
    /// How long after its first object came a study is published that nobody decided about; `None` for never.
    pub after_ns: Option<i64>,
    /// Whether those are meant that are published then, or the others.
    pub is_published: bool,
}

/// What somebody decided about a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Published {
    /// It is published from this moment on, in nanoseconds since 1970 (UTC).
    From(i64),
    /// It is not published.
    Never,
}

impl Publication {
    /// Writes ` AND` that a row of studies is one of them.
    pub(super) fn and_row(&self, sql: &mut Sql, row: &str) {
        let wanted = i32::from(self.is_published);
        sql.push(&format!(
            " AND {wanted} = COALESCE((SELECT CASE WHEN pu.from_ns <= "
        ));
        sql.bind(self.at_ns).push(&format!(
            " THEN 1 ELSE 0 END FROM publications pu WHERE pu.study_uid = {row}.study_uid), "
        ));
        match self.after_ns {
            None => drop(sql.push("0")),
            Some(0) => drop(sql.push("1")),
            Some(after_ns) => {
                // What leads a study begins with when its first object came (`Facts::leader`).
                let last_ns = self.at_ns.saturating_sub(after_ns).max(-1);
                sql.push(&format!("CASE WHEN {row}.leader < "))
                    .bind(format!("{:020}", last_ns + 1))
                    .push(" THEN 1 ELSE 0 END");
            }
        }
        sql.push(")");
    }
}

/// Gives what was decided about these studies; those that nobody decided about are left out.
///
/// # Errors
///
/// [`super::Error::Database`].
pub async fn decided<'a>(
    connection: &impl Connection,
    study_uids: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Published>> {
    let mut sql = Sql::new("SELECT study_uid, from_ns FROM publications WHERE study_uid IN (");
    sql.bind_all(study_uids).push(")");
    let rows = sql.all(connection).await?;
    let decided = rows.iter().map(|row| {
        let from_ns: Option<i64> = row.get(1)?;
        Ok((row.get(0)?, from_ns.map_or(Published::Never, Published::From)))
    });
    decided.collect()
}

/// Decides about a study, or leaves it to the rule again; whoever asks records it in the same transaction.
///
/// # Errors
///
/// [`super::Error::Database`].
pub async fn decide(
    connection: &impl Connection,
    study_uid: &str,
    decision: Option<Published>,
) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM publications WHERE study_uid = ");
    sql.bind(study_uid).run(connection).await?;
    let from_ns = match decision {
        None => return Ok(()),
        Some(Published::From(from_ns)) => Some(from_ns),
        Some(Published::Never) => None,
    };
    let mut sql = Sql::new("INSERT INTO publications (study_uid, from_ns) VALUES (");
    sql.bind(study_uid).push(", ").bind(from_ns).push(")");
    sql.run(connection).await?;
    Ok(())
}
