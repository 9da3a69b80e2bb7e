//! The tables of tickets.

use database::{Connection, Row, Sql};

use crate::Result;
use crate::organisations::store::only;

/// A ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) id: i64,
    pub(super) person: i64,
    /// The name of whoever asks.
    pub(super) name: String,
    pub(super) subject: String,
    pub(super) body: String,
    /// question, hindrance, outage
    pub(super) severity: String,
    /// open, answered, closed
    pub(super) state: String,
    pub(super) created_ns: i64,
    pub(super) changed_ns: i64,
}

/// Something that was written to a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) name: String,
    pub(super) body: String,
    pub(super) at_ns: i64,
}

const TICKETS: &str = "SELECT t.id, t.person, p.name, t.subject, t.body, t.severity, t.state, t.created_ns, t.changed_ns \
     FROM tickets t JOIN people p ON p.id = t.person WHERE ";

fn ticket(row: &Row) -> Result<Ticket> {
    Ok(Ticket {
        id: row.get(0)?,
        person: row.get(1)?,
        name: row.get(2)?,
        subject: row.get(3)?,
        body: row.get(4)?,
        severity: row.get(5)?,
        state: row.get(6)?,
        created_ns: row.get(7)?,
        changed_ns: row.get(8)?,
    })
}

/// Tickets of a person, or of all; the latest first.
pub(super) async fn list(
    connection: &impl Connection,
    person: Option<i64>,
    state: Option<&str>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Ticket>> {
    let mut sql = Sql::new(TICKETS);
    sql.push("t.id < ").bind(before.unwrap_or(i64::MAX));
    if let Some(person) = person {
        sql.push(" AND t.person = ").bind(person);
    }
    if let Some(state) = state {
        sql.push(" AND t.state = ").bind(state);
    }
    sql.push(" ORDER BY t.id DESC LIMIT ").bind(i64::from(limit));
    sql.all(connection).await?.iter().map(ticket).collect()
}

/// A ticket by its number.
pub(super) async fn one(connection: &impl Connection, id: i64) -> Result<Option<Ticket>> {
    let mut sql = Sql::new(TICKETS);
    sql.push("t.id = ").bind(id);
    sql.one(connection).await?.as_ref().map(ticket).transpose()
}

/// What was written to a ticket, the earliest first.
pub(super) async fn answers(connection: &impl Connection, ticket: i64) -> Result<Vec<Answer>> {
    let mut sql = Sql::new(
        "SELECT p.name, a.body, a.at_ns FROM ticket_answers a JOIN people p ON p.id = a.person WHERE a.ticket = ",
    );
    sql.bind(ticket).push(" ORDER BY a.id LIMIT 500");
    let rows = sql.all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(Answer {
                name: row.get(0)?,
                body: row.get(1)?,
                at_ns: row.get(2)?,
            })
        })
        .collect()
}

/// Opens a ticket; gives its number.
pub(super) async fn add(
    connection: &impl Connection,
    person: i64,
    organisation: Option<i64>,
    texts: [&str; 3],
    now_ns: i64,
) -> Result<i64> {
    let mut sql = Sql::new(
        "INSERT INTO tickets (person, organisation, subject, body, severity, state, created_ns, changed_ns) VALUES (",
    );
    sql.bind(person).push(", ").bind(organisation).push(", ");
    sql.bind_all(texts)
        .push(", 'open', ")
        .bind_all([now_ns, now_ns])
        .push(") RETURNING id");
    only(&sql, connection).await
}

/// Adds what somebody wrote, and says where the ticket stands.
pub(super) async fn answer(
    connection: &impl Connection,
    ticket: i64,
    person: i64,
    body: &str,
    state: &str,
    now_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO ticket_answers (ticket, person, body, at_ns) VALUES (");
    sql.bind_all([ticket, person])
        .push(", ")
        .bind(body)
        .push(", ")
        .bind(now_ns)
        .push(")");
    sql.run(connection).await?;
    set_state(connection, ticket, state, now_ns).await
}

/// Says where a ticket stands.
pub(super) async fn set_state(
    connection: &impl Connection,
    ticket: i64,
    state: &str,
    now_ns: i64,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE tickets SET state = ");
    sql.bind(state).push(", changed_ns = ").bind(now_ns);
    sql.push(" WHERE id = ").bind(ticket).run(connection).await?;
    Ok(())
}
