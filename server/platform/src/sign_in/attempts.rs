//! What was tried in vain: an account, and an address, wait longer each time (ACC-06).

use database::{Connection, Sql};

use crate::Result;
use crate::clock::{DAY_NS, MINUTE_NS};

/// Failures of an account before it waits.
const ACCOUNT: i64 = 5;
/// Failures of an address before it waits: behind it may be a whole hospital.
const ADDRESS: i64 = 50;
/// How long at first; each further failure doubles it, up to a day.
const FIRST_NS: i64 = 5 * MINUTE_NS;
/// Failures that are older are forgotten.
const FORGOTTEN_NS: i64 = DAY_NS;

/// Whom failures are counted for.
#[derive(Debug, Clone)]
pub enum Subject {
    /// What was typed as the account, whether there is one or not.
    Account(String),
    /// Where it came from.
    Address(String),
}

impl Subject {
    fn key(&self) -> String {
        match self {
            // Numbers of people are not kept as they are typed.
            Self::Account(mobile) => format!("account {}", crate::secrets::kept(mobile)),
            Self::Address(address) => format!("address {address}"),
        }
    }

    fn allowed(&self) -> i64 {
        match self {
            Self::Account(_) => ACCOUNT,
            Self::Address(_) => ADDRESS,
        }
    }
}

/// How long a subject still has to wait, in nanoseconds.
///
/// # Errors
///
/// The database's.
pub async fn wait_ns(connection: &impl Connection, subject: &Subject, now_ns: i64) -> Result<Option<i64>> {
    let mut sql = Sql::new("SELECT until_ns FROM attempts WHERE subject = ");
    let Some(row) = sql.bind(subject.key()).one(connection).await? else {
        return Ok(None);
    };
    let left: i64 = row.get::<i64>(0)? - now_ns;
    Ok((left > 0).then_some(left))
}

/// Counts a failure; gives how often it has failed by now, and whether it has to wait from now on.
///
/// # Errors
///
/// The database's.
pub async fn failed(connection: &impl Connection, subject: &Subject, now_ns: i64) -> Result<(i64, bool)> {
    let mut sql = Sql::new("SELECT failures, at_ns FROM attempts WHERE subject = ");
    let before = match sql.bind(subject.key()).one(connection).await? {
        Some(row) if now_ns - row.get::<i64>(1)? < FORGOTTEN_NS => row.get::<i64>(0)?,
        _ => 0,
    };
    let failures = before + 1;
    let beyond = failures - subject.allowed();
    let wait_ns = match beyond {
        ..0 => 0,
        0..9 => FIRST_NS << beyond,
        _ => DAY_NS,
    };
    let mut sql = Sql::new("INSERT INTO attempts (subject, failures, at_ns, until_ns) VALUES (");
    sql.bind(subject.key())
        .push(", ")
        .bind_all([failures, now_ns, now_ns + wait_ns.min(DAY_NS)]);
    sql.push(
        ") ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, at_ns = excluded.at_ns, until_ns = excluded.until_ns",
    );
    sql.run(connection).await?;
    Ok((failures, wait_ns > 0))
}

/// Forgets failures: it was done right, or an administrator unlocked it.
///
/// # Errors
///
/// The database's.
pub async fn forget(connection: &impl Connection, subject: &Subject) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM attempts WHERE subject = ");
    sql.bind(subject.key()).run(connection).await?;
    Ok(())
}
