//! Who is told by SMS, in which order, and when (OPS-08).
//!
//! The first of the list is told of an alarm at once, the next when nobody acknowledged it within the minutes of the one
//! before. Warnings wait for the end of the person's quiet hours, what is critical does not. Nobody gets more than one text
//! an hour about the same condition.

use database::{Connection, Sql, Transaction};

use super::Severity;
use super::alarms::{self, Alarm};
use crate::clock::{MINUTE_NS, Zone};
use crate::{Platform, Result};

/// Between two texts to a person about the same condition.
const AGAIN_NS: i64 = 60 * MINUTE_NS;

/// Somebody who is on call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnCall {
    /// The account.
    pub(crate) person: i64,
    /// The name.
    pub(crate) name: String,
    /// The mobile number.
    pub(crate) mobile: String,
    /// The place in the order.
    pub(crate) position: i64,
    /// Minute of the day from which on warnings wait.
    pub(crate) quiet_from: i64,
    /// Until which.
    pub(crate) quiet_until: i64,
    /// Minutes before the next is told.
    pub(crate) wait_minutes: i64,
}

impl OnCall {
    /// Whether warnings wait at this minute of the day; the hours may go over midnight.
    pub(crate) fn is_quiet(&self, minute: i64) -> bool {
        if self.quiet_from <= self.quiet_until {
            (self.quiet_from..self.quiet_until).contains(&minute)
        } else {
            minute >= self.quiet_from || minute < self.quiet_until
        }
    }
}

/// Whoever is on call and has an account that is active, in their order.
pub(crate) async fn list(connection: &impl Connection) -> Result<Vec<OnCall>> {
    let sql = Sql::new(
        "SELECT c.person, p.name, p.mobile, c.position, c.quiet_from, c.quiet_until, c.wait_minutes FROM on_call c \
         JOIN people p ON p.id = c.person WHERE p.state = 'active' AND p.mobile IS NOT NULL ORDER BY c.position, c.person",
    );
    let rows = sql.all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(OnCall {
                person: row.get(0)?,
                name: row.get(1)?,
                mobile: row.get(2)?,
                position: row.get(3)?,
                quiet_from: row.get(4)?,
                quiet_until: row.get(5)?,
                wait_minutes: row.get(6)?,
            })
        })
        .collect()
}

/// Puts a person on call, or changes when.
pub(crate) async fn put(connection: &impl Connection, one: &OnCall) -> Result<()> {
    let mut sql =
        Sql::new("INSERT INTO on_call (person, position, quiet_from, quiet_until, wait_minutes) VALUES (");
    sql.bind_all([
        one.person,
        one.position,
        one.quiet_from,
        one.quiet_until,
        one.wait_minutes,
    ]);
    sql.push(
        ") ON CONFLICT (person) DO UPDATE SET position = excluded.position, quiet_from = excluded.quiet_from, \
         quiet_until = excluded.quiet_until, wait_minutes = excluded.wait_minutes",
    );
    sql.run(connection).await?;
    Ok(())
}

/// Takes a person off the list; gives whether there was one.
pub(crate) async fn remove(connection: &impl Connection, person: i64) -> Result<bool> {
    let mut sql = Sql::new("DELETE FROM on_call WHERE person = ");
    Ok(sql.bind(person).run(connection).await? > 0)
}

/// The minute of the day.
fn minute_of_day(zone: Zone, now_ns: i64) -> i64 {
    i64::from(zone.minute_of_week(now_ns) % 1440)
}

/// Tells whoever is due to be told of what is wrong and was not acknowledged.
pub(super) async fn round(platform: &Platform, change: &Transaction) -> Result<()> {
    let now_ns = platform.clock().now_ns();
    let minute = minute_of_day(platform.settings().zone, now_ns);
    let people = list(change).await?;
    for alarm in alarms::open(change).await? {
        if alarm.acknowledged_ns.is_some() || alarm.calm_ns.is_some() {
            continue;
        }
        let told = usize::try_from(alarm.told).unwrap_or(usize::MAX);
        let Some(next) = people.get(told) else {
            continue;
        };
        let waited = match (
            alarm.told_ns,
            told.checked_sub(1).and_then(|last| people.get(last)),
        ) {
            (Some(told_ns), Some(last)) => now_ns - told_ns >= last.wait_minutes * MINUTE_NS,
            _ => true,
        };
        let is_quiet = alarm.severity == Severity::Warning && next.is_quiet(minute);
        if !waited || is_quiet {
            continue;
        }
        if is_due(change, &alarm, next.person, now_ns).await? {
            super::text::send(platform, change, &alarm, next).await?;
        }
        alarms::told(change, alarm.id, alarm.told + 1, now_ns).await?;
    }
    Ok(())
}

/// Whether a person was not told of a condition within the hour; notes that it is now.
async fn is_due(change: &Transaction, alarm: &Alarm, person: i64, now_ns: i64) -> Result<bool> {
    let mut sql = Sql::new("INSERT INTO alarm_texts (kind, subject, person, at_ns) VALUES (");
    sql.bind_all([alarm.kind.word(), &alarm.subject])
        .push(", ")
        .bind_all([person, now_ns])
        .push(") ON CONFLICT (kind, subject, person) DO UPDATE SET at_ns = excluded.at_ns WHERE alarm_texts.at_ns <= ")
        .bind(now_ns - AGAIN_NS);
    Ok(sql.run(change).await? > 0)
}
