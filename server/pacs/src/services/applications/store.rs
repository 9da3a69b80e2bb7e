//! The table of applications.

use std::collections::HashMap;

use database::Value;
use dimse::CharacterSet;

use super::Application;
use crate::access::Action;
use crate::index::{Change, Error, Index, Result, Sql};

pub(super) async fn read(index: &Index) -> Result<HashMap<String, Application>> {
    let sql = Sql::new(
        "SELECT ae_title, networks, associations, may, address, secure, character_set, configured, custodian FROM applications",
    );
    let rows = sql.all(index.readers()).await?;
    let all = rows.iter().map(application);
    all.map(|one| one.map(|one| (one.ae_title.clone(), one)))
        .collect()
}

pub(super) async fn put(index: &Index, application: &Application) -> Result<()> {
    let change = index.begin().await?;
    write(&change, application).await?;
    change.commit().await
}

/// Writes the applications of the configuration in place of those that were its before.
pub(super) async fn configure(index: &Index, configured: &[Application]) -> Result<()> {
    let change = index.begin().await?;
    Sql::new("DELETE FROM applications WHERE configured <> 0")
        .run(&*change)
        .await?;
    for application in configured {
        let application = Application {
            is_configured: true,
            ..application.clone()
        };
        write(&change, &application).await?;
    }
    change.commit().await
}

async fn write(change: &Change, application: &Application) -> Result<()> {
    delete(&application.ae_title).run(&**change).await?;
    let words = application.may.iter().filter_map(|action| word(*action));
    let networks = application.networks.iter().map(ToString::to_string);
    let values: [Value; 9] = [
        application.ae_title.as_str().into(),
        networks.collect::<Vec<_>>().join(" ").into(),
        i64::from(application.associations).into(),
        words.collect::<Vec<_>>().join(" ").into(),
        application.address.clone().into(),
        i64::from(application.is_secure).into(),
        application.character_set.term().into(),
        i64::from(application.is_configured).into(),
        application.custodian.into(),
    ];
    let mut sql = Sql::new(
        "INSERT INTO applications (ae_title, networks, associations, may, address, secure, character_set, configured, custodian) VALUES (",
    );
    sql.bind_all(values).push(")").run(&**change).await?;
    Ok(())
}

pub(super) async fn remove(index: &Index, ae_title: &str) -> Result<bool> {
    let change = index.begin().await?;
    let was_there = delete(ae_title).run(&*change).await? > 0;
    change.commit().await?;
    Ok(was_there)
}

fn delete(ae_title: &str) -> Sql {
    let mut sql = Sql::new("DELETE FROM applications WHERE ae_title = ");
    sql.bind(ae_title);
    sql
}

/// The word of an action, as token files have it.
fn word(action: Action) -> Option<String> {
    let value = serde_json::to_value(action).ok()?;
    value.as_str().map(str::to_owned)
}

fn application(row: &database::Row) -> Result<Application> {
    let damaged = || Error::Damaged("an application");
    let text = |at| row.get::<String>(at);
    let may = text(3)?;
    let may = may
        .split_whitespace()
        .map(|word| serde_json::from_value(word.into()));
    let networks = text(1)?;
    let networks = networks.split_whitespace().map(str::parse);
    let associations: i64 = row.get(2)?;
    Ok(Application {
        ae_title: text(0)?,
        networks: networks.collect::<Result<_, _>>().map_err(|_| damaged())?,
        associations: associations.try_into().map_err(|_| damaged())?,
        may: may.collect::<Result<Vec<Action>, _>>().map_err(|_| damaged())?,
        address: row.get(4)?,
        is_secure: row.get::<i64>(5)? != 0,
        character_set: CharacterSet::from_term(&text(6)?).ok_or_else(damaged)?,
        is_configured: row.get::<i64>(7)? != 0,
        custodian: row.get(8)?,
    })
}
