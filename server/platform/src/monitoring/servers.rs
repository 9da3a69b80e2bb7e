//! The list of servers.

use database::{Connection, Row, Sql};

use crate::Result;
use crate::clock::SECOND_NS;
use crate::organisations::store::only;

/// A node that said nothing for so long is missing. It says something every ten seconds; looked for every five, one that is
/// killed is found in less than thirty.
pub(crate) const MISSING_NS: i64 = 22 * SECOND_NS;

/// What a process says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// What it is called by in the list; a process that is started again has the same.
    pub name: String,
    /// What it does.
    pub roles: String,
    /// Its version.
    pub version: String,
    /// Where it listens.
    pub address: String,
}

/// A server of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its number.
    pub id: i64,
    /// node, probe or site.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it does.
    pub roles: String,
    /// Its version.
    pub version: String,
    /// Where it listens, or is asked.
    pub address: String,
    /// What an administrator noted.
    pub notes: String,
    /// When it was started, or added.
    pub started_ns: i64,
    /// When it said last that it runs, or answered last.
    pub heartbeat_ns: i64,
    /// When it was told to end.
    pub ended_ns: Option<i64>,
}

impl Server {
    /// Whether a process says that it runs.
    #[must_use]
    pub fn is_alive(&self, now_ns: i64) -> bool {
        self.ended_ns.is_none() && now_ns - self.heartbeat_ns < MISSING_NS
    }

    /// What alarms of it are about.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("server:{}", self.id)
    }
}

const COLUMNS: &str = "id, kind, name, roles, version, address, notes, started_ns, heartbeat_ns, ended_ns";

fn server(row: &Row) -> Result<Server> {
    Ok(Server {
        id: row.get(0)?,
        kind: row.get(1)?,
        name: row.get(2)?,
        roles: row.get(3)?,
        version: row.get(4)?,
        address: row.get(5)?,
        notes: row.get(6)?,
        started_ns: row.get(7)?,
        heartbeat_ns: row.get(8)?,
        ended_ns: row.get(9)?,
    })
}

/// All servers: nodes, probes, the site.
///
/// # Errors
///
/// The database's.
pub async fn list(connection: &impl Connection) -> Result<Vec<Server>> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM servers WHERE removed_ns IS NULL ORDER BY kind, name LIMIT 500"
    ));
    sql.all(connection).await?.iter().map(server).collect()
}

/// A server by its number.
pub(crate) async fn one(connection: &impl Connection, id: i64) -> Result<Option<Server>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM servers WHERE removed_ns IS NULL AND id = "
    ));
    sql.bind(id)
        .one(connection)
        .await?
        .as_ref()
        .map(server)
        .transpose()
}

/// Whether another server of the kind has the name.
pub(crate) async fn is_name_taken(
    connection: &impl Connection,
    kind: &str,
    name: &str,
    but: i64,
) -> Result<bool> {
    let mut sql = Sql::new("SELECT id FROM servers WHERE removed_ns IS NULL AND kind = ");
    sql.bind(kind).push(" AND name = ").bind(name);
    sql.push(" AND id <> ").bind(but);
    Ok(sql.one(connection).await?.is_some())
}

/// Puts a process or the site into the list, or says that it was started again; gives its number.
pub(crate) async fn register(
    connection: &impl Connection,
    kind: &str,
    node: &Node,
    now_ns: i64,
) -> Result<i64> {
    let mut sql = Sql::new(
        "INSERT INTO servers (kind, name, roles, version, address, notes, started_ns, heartbeat_ns) VALUES (",
    );
    let texts = [
        kind,
        node.name.as_str(),
        node.roles.as_str(),
        node.version.as_str(),
        node.address.as_str(),
        "",
    ];
    sql.bind_all(texts).push(", ").bind_all([now_ns, now_ns]);
    sql.push(
        ") ON CONFLICT (kind, name) WHERE removed_ns IS NULL DO UPDATE SET roles = excluded.roles, version = excluded.version, \
         address = excluded.address, started_ns = excluded.started_ns, heartbeat_ns = excluded.heartbeat_ns, ended_ns = NULL \
         RETURNING id",
    );
    only(&sql, connection).await
}

/// Notes that a server runs.
pub(crate) async fn beat(connection: &impl Connection, id: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE servers SET ended_ns = NULL, heartbeat_ns = ");
    sql.bind(now_ns).push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Notes that a node was told to end.
pub(crate) async fn end(connection: &impl Connection, id: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE servers SET ended_ns = ");
    sql.bind(now_ns).push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    Ok(())
}

/// Adds a server that is asked over the network; gives its number.
pub(crate) async fn add(
    connection: &impl Connection,
    name: &str,
    address: &str,
    notes: &str,
    now_ns: i64,
) -> Result<i64> {
    let mut sql = Sql::new(
        "INSERT INTO servers (kind, name, address, notes, roles, version, started_ns, heartbeat_ns) VALUES (",
    );
    sql.bind_all(["probe", name, address, notes, "", ""])
        .push(", ")
        .bind_all([now_ns, 0])
        .push(") RETURNING id");
    only(&sql, connection).await
}

/// Changes what an administrator says of a server; a node's name and address are its own.
pub(crate) async fn change(
    connection: &impl Connection,
    id: i64,
    name: &str,
    address: &str,
    notes: &str,
) -> Result<()> {
    let mut sql = Sql::new("UPDATE servers SET name = ");
    sql.bind(name).push(", address = ").bind(address);
    sql.push(", notes = ").bind(notes);
    sql.push(" WHERE id = ").bind(id).run(connection).await?;
    Ok(())
}

/// Takes a server out of the list, with what is known of it.
pub(crate) async fn remove(connection: &impl Connection, id: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE servers SET removed_ns = ");
    sql.bind(now_ns).push(" WHERE id = ").bind(id);
    sql.run(connection).await?;
    for table in ["readings", "figures", "thresholds"] {
        let mut sql = Sql::new(format!("DELETE FROM {table} WHERE server = "));
        sql.bind(id).run(connection).await?;
    }
    Ok(())
}
