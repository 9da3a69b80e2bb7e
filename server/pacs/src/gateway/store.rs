//! Devices and settings in the index's database.

use database::Connection;

use super::devices::{Device, Kind};
use crate::index::{Error, Index, Result, Sql};
use crate::storage::Hash;

const COLUMNS: &str = "name, kind, created_ns, revoked_ns, custodian, code_id";

/// Adds a device; `false` when the name is taken.
pub(super) async fn add(connection: &impl Connection, device: &Device, secret: Hash) -> Result<bool> {
    let mut sql =
        Sql::new("INSERT INTO devices (name, kind, code_id, secret, created_ns, custodian) VALUES (");
    let values: [database::Value; 6] = [
        device.name.as_str().into(),
        device.kind.as_str().into(),
        device.code_id.clone().into(),
        secret.to_string().into(),
        device.created_ns.into(),
        device.custodian.into(),
    ];
    sql.bind_all(values).push(") ON CONFLICT DO NOTHING");
    Ok(sql.run(connection).await? == 1)
}

/// Ends a device, of a custodian where one is said; `false` when there is none, or it has ended.
pub(super) async fn revoke(
    connection: &impl Connection,
    name: &str,
    custodian: Option<i64>,
    now_ns: i64,
) -> Result<bool> {
    let mut sql = Sql::new("UPDATE devices SET revoked_ns = ");
    sql.bind(now_ns)
        .push(" WHERE revoked_ns IS NULL AND name = ")
        .bind(name);
    if let Some(custodian) = custodian {
        sql.push(" AND custodian = ").bind(custodian);
    }
    Ok(sql.run(connection).await? == 1)
}

/// All devices by name, or those of a custodian.
pub(super) async fn list(connection: &impl Connection, custodian: Option<i64>) -> Result<Vec<Device>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM devices"));
    if let Some(custodian) = custodian {
        sql.push(" WHERE custodian = ").bind(custodian);
    }
    let rows = sql.push(" ORDER BY name").all(connection).await?;
    rows.iter().map(device).collect()
}

/// The device with a name.
pub(super) async fn named(index: &Index, name: &str) -> Result<Option<Device>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM devices WHERE name = "));
    sql.bind(name);
    sql.one(index.readers()).await?.as_ref().map(device).transpose()
}

/// The device whose secret has this hash.
pub(super) async fn of_secret(index: &Index, secret: Hash) -> Result<Option<Device>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM devices WHERE secret = "));
    sql.bind(secret.to_string());
    sql.one(index.readers()).await?.as_ref().map(device).transpose()
}

/// The hash of the secret of the code that begins so.
pub(super) async fn of_code(index: &Index, code_id: &str) -> Result<Option<Hash>> {
    let mut sql = Sql::new("SELECT secret FROM devices WHERE revoked_ns IS NULL AND code_id = ");
    sql.bind(code_id);
    let Some(row) = sql.one(index.readers()).await? else {
        return Ok(None);
    };
    let hex: String = row.get(0)?;
    Ok(Some(Hash::from_hex(&hex).ok_or(Error::Damaged("a device"))?))
}

fn device(row: &database::Row) -> Result<Device> {
    let kind: String = row.get(1)?;
    Ok(Device {
        name: row.get(0)?,
        kind: Kind::from_text(&kind).ok_or(Error::Damaged("a device"))?,
        created_ns: row.get(2)?,
        revoked_ns: row.get(3)?,
        custodian: row.get(4)?,
        code_id: row.get(5)?,
    })
}

/// What a person set.
pub(super) async fn setting(index: &Index, name: &str) -> Result<Option<String>> {
    let mut sql = Sql::new("SELECT setting FROM gateway_settings WHERE name = ");
    sql.bind(name);
    let row = sql.one(index.readers()).await?;
    Ok(row.map(|row| row.get(0)).transpose()?)
}

/// Keeps what a person set.
pub(super) async fn set(index: &Index, settings: &[(&str, String)]) -> Result<()> {
    let change = index.begin().await?;
    for (name, setting) in settings {
        let mut sql = Sql::new("INSERT INTO gateway_settings (name, setting) VALUES (");
        sql.bind(*name).push(", ").bind(setting.as_str());
        sql.push(") ON CONFLICT (name) DO UPDATE SET setting = ")
            .bind(setting.as_str());
        sql.run(&*change).await?;
    }
    change.commit().await
}
