//! The tables of devices and of who works at them.

use database::{Connection, Row, Sql};

use super::Images;
use crate::Result;
use crate::organisations::store::only;

/// A device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// Its number in the table.
    pub id: i64,
    /// The organisation.
    pub organisation: i64,
    /// The number that the organisation gave it.
    pub number: String,
    /// Its name.
    pub name: String,
    /// Its type: a code of the dictionary of device kinds.
    pub r#type: String,
    /// The title that it associates with.
    pub ae_title: Option<String>,
    /// Station Name (0008,1010) of its images.
    pub station_name: Option<String>,
    /// Since when it is registered.
    pub created_ns: i64,
}

impl Device {
    /// By what its images are known: devices that have no station name of their own write their AE title there.
    #[must_use]
    pub fn images(&self) -> Images {
        let stations = [&self.station_name, &self.ae_title]
            .into_iter()
            .flatten()
            .cloned();
        let mut stations: Vec<String> = stations.collect();
        stations.dedup();
        Images {
            organisation: self.organisation,
            stations,
        }
    }
}

/// A member who works at a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The device.
    pub device: i64,
    /// The account.
    pub person: i64,
    /// The name.
    pub name: String,
    /// Since when.
    pub at_ns: i64,
}

const COLUMNS: &str = "id, organisation, number, name, type, ae_title, station_name, created_ns";

fn device(row: &Row) -> Result<Device> {
    Ok(Device {
        id: row.get(0)?,
        organisation: row.get(1)?,
        number: row.get(2)?,
        name: row.get(3)?,
        r#type: row.get(4)?,
        ae_title: row.get(5)?,
        station_name: row.get(6)?,
        created_ns: row.get(7)?,
    })
}

/// What a list is searched by.
#[derive(Debug, Clone, Default)]
pub struct Asked<'a> {
    /// Words of the name, the number or the AE title.
    pub words: &'a str,
    /// A type.
    pub r#type: &'a str,
    /// The last device seen.
    pub after: i64,
    /// Devices at most.
    pub limit: u32,
}

/// Devices of an organisation, after one.
///
/// # Errors
///
/// The database's.
pub async fn list(connection: &impl Connection, organisation: i64, asked: &Asked<'_>) -> Result<Vec<Device>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM equipment WHERE removed_ns IS NULL AND organisation = "
    ));
    sql.bind(organisation);
    if !asked.r#type.is_empty() {
        sql.push(" AND type = ").bind(asked.r#type);
    }
    let column = "name_keys || ' ' || lower(number) || ' ' || lower(COALESCE(ae_title, ''))";
    crate::people::names::matching(&mut sql, column, asked.words);
    sql.push(" AND id > ").bind(asked.after);
    sql.push(" ORDER BY id LIMIT ").bind(i64::from(asked.limit));
    sql.all(connection).await?.iter().map(device).collect()
}

/// A device that was not removed.
///
/// # Errors
///
/// The database's.
pub async fn one(connection: &impl Connection, id: i64) -> Result<Option<Device>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM equipment WHERE removed_ns IS NULL AND id = "
    ));
    sql.bind(id)
        .one(connection)
        .await?
        .as_ref()
        .map(device)
        .transpose()
}

/// Whether another device of an organisation has a number.
///
/// # Errors
///
/// The database's.
pub async fn is_number_taken(connection: &impl Connection, device: &Device) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM equipment WHERE removed_ns IS NULL AND organisation = ");
    sql.bind(device.organisation)
        .push(" AND number = ")
        .bind(device.number.as_str());
    sql.push(" AND id <> ").bind(device.id);
    Ok(sql.one(connection).await?.is_some())
}

/// Registers a device; gives its number in the table.
///
/// # Errors
///
/// The database's.
pub async fn add(connection: &impl Connection, device: &Device) -> Result<i64> {
    let mut sql = Sql::new(
        "INSERT INTO equipment (organisation, number, name, name_keys, type, ae_title, station_name, created_ns) VALUES (",
    );
    sql.bind(device.organisation).push(", ");
    let keys = crate::people::names::keys(&device.name);
    sql.bind_all([&device.number, &device.name, &keys, &device.r#type].map(String::as_str));
    sql.push(", ")
        .bind(device.ae_title.clone())
        .push(", ")
        .bind(device.station_name.clone());
    sql.push(", ").bind(device.created_ns).push(") RETURNING id");
    only(&sql, connection).await
}

/// Changes a device.
///
/// # Errors
///
/// The database's.
pub async fn change(connection: &impl Connection, device: &Device) -> Result<()> {
    let mut sql = Sql::new("UPDATE equipment SET number = ");
    sql.bind(device.number.as_str())
        .push(", name = ")
        .bind(device.name.as_str());
    sql.push(", name_keys = ")
        .bind(crate::people::names::keys(&device.name));
    sql.push(", type = ").bind(device.r#type.as_str());
    sql.push(", ae_title = ").bind(device.ae_title.clone());
    sql.push(", station_name = ").bind(device.station_name.clone());
    sql.push(" WHERE id = ").bind(device.id).run(connection).await?;
    Ok(())
}

/// Marks a device as removed; its row stays. Nobody works at it any more.
///
/// # Errors
///
/// The database's.
pub async fn remove(connection: &impl Connection, id: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("UPDATE equipment SET removed_ns = ");
    sql.bind(now_ns)
        .push(" WHERE id = ")
        .bind(id)
        .run(connection)
        .await?;
    let mut sql = Sql::new("DELETE FROM equipment_members WHERE equipment = ");
    sql.bind(id).run(connection).await?;
    Ok(())
}

/// Who works at some devices, by device and by time.
///
/// # Errors
///
/// The database's.
pub async fn bound(connection: &impl Connection, devices: &[i64]) -> Result<Vec<Bound>> {
    if devices.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(
        "SELECT b.equipment, b.person, p.name, b.at_ns FROM equipment_members b JOIN people p ON p.id = b.person WHERE b.equipment IN (",
    );
    sql.bind_all(devices.iter().copied())
        .push(") ORDER BY b.equipment, b.at_ns, b.person");
    let bound = |row: &Row| -> Result<Bound> {
        Ok(Bound {
            device: row.get(0)?,
            person: row.get(1)?,
            name: row.get(2)?,
            at_ns: row.get(3)?,
        })
    };
    sql.all(connection).await?.iter().map(bound).collect()
}

/// Notes that a member works at a device; bound again the time stays.
///
/// # Errors
///
/// The database's.
pub async fn bind(connection: &impl Connection, device: i64, person: i64, now_ns: i64) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO equipment_members (equipment, person, at_ns) VALUES (");
    sql.bind_all([device, person, now_ns])
        .push(") ON CONFLICT (equipment, person) DO NOTHING");
    sql.run(connection).await?;
    Ok(())
}

/// Notes that a member no longer works at a device; gives whether the member did.
///
/// # Errors
///
/// The database's.
pub async fn unbind(connection: &impl Connection, device: i64, person: i64) -> Result<bool> {
    let mut sql = Sql::new("DELETE FROM equipment_members WHERE equipment = ");
    sql.bind(device).push(" AND person = ").bind(person);
    Ok(sql.run(connection).await? > 0)
}
