//! The table of filters.

use database::{Connection, Sql};

use crate::Result;

/// A filter that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) id: i64,
    pub(super) list: String,
    pub(super) name: String,
    pub(super) query: String,
}

/// A person's filters of a list, by their names.
pub(super) async fn of(connection: &impl Connection, person: i64, list: &str) -> Result<Vec<Filter>> {
    let mut sql = Sql::new("SELECT id, list, name, query FROM filters WHERE person = ");
    sql.bind(person).push(" AND list = ").bind(list);
    sql.push(" ORDER BY name");
    let rows = sql.all(connection).await?;
    let filters = rows.iter().map(|row| {
        Ok(Filter {
            id: row.get(0)?,
            list: row.get(1)?,
            name: row.get(2)?,
            query: row.get(3)?,
        })
    });
    filters.collect()
}

/// Keeps a filter in the place of one of the same name.
pub(super) async fn keep(change: &impl Connection, person: i64, filter: &Filter) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO filters (person, list, name, query) VALUES (");
    sql.bind(person)
        .push(", ")
        .bind_all([filter.list.as_str(), &filter.name, &filter.query]);
    sql.push(") ON CONFLICT (person, list, name) DO UPDATE SET query = excluded.query");
    sql.run(change).await?;
    Ok(())
}

/// Removes a person's filter; gives the list that it was of.
pub(super) async fn remove(change: &impl Connection, person: i64, id: i64) -> Result<Option<String>> {
    let mut sql = Sql::new("DELETE FROM filters WHERE person = ");
    sql.bind(person).push(" AND id = ").bind(id);
    sql.push(" RETURNING list");
    Ok(sql.one(change).await?.map(|row| row.get(0)).transpose()?)
}
