//! That the site's key is the one the database knows: nodes share it, and a backup without it is not whole.

use std::path::Path;

use anyhow::{Context as _, ensure};
use database::{Connection, Database, Sql, Writer};

use crate::secrets::SiteKey;

const WORD: &[u8] = b"uptake";
const PURPOSE: &str = "the site's key";

/// Reads the key of a database, making it where the database is new.
///
/// # Errors
///
/// No key, or another one, for a database that has been used with one.
pub(crate) async fn open(readers: &Database, writer: &Writer, path: &Path) -> anyhow::Result<SiteKey> {
    if let Some(sealed) = sealed(readers).await? {
        ensure!(
            path.exists(),
            "the key {}: expected the key that this database was used with, found none; nodes of a site share its folder of keys",
            path.display()
        );
        return checked(SiteKey::open(path)?, &sealed, path);
    }
    let key = SiteKey::open(path)?;
    let change = writer.begin().await?;
    let mut sql = Sql::new("INSERT INTO site_key (id, sealed) VALUES (1, ");
    sql.bind(key.encrypt(WORD, PURPOSE)?);
    sql.push(") ON CONFLICT DO NOTHING").run(&*change).await?;
    // Another node may have been sooner.
    let sealed = sealed(&*change)
        .await?
        .context("the site's key was not written")?;
    change.commit().await?;
    checked(key, &sealed, path)
}

async fn sealed(connection: &impl Connection) -> anyhow::Result<Option<Vec<u8>>> {
    let row = Sql::new("SELECT sealed FROM site_key WHERE id = 1")
        .one(connection)
        .await?;
    Ok(row.map(|row| row.get(0)).transpose()?)
}

fn checked(key: SiteKey, sealed: &[u8], path: &Path) -> anyhow::Result<SiteKey> {
    let is_right = key.decrypt(sealed, PURPOSE).is_ok_and(|plain| plain == WORD);
    ensure!(
        is_right,
        "the key {}: expected the key that this database was used with, found another",
        path.display()
    );
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_site::Site;

    #[tokio::test]
    async fn a_database_is_opened_with_its_own_key_only() {
        let site = Site::new().await;
        let (readers, writer) = (site.platform.readers(), site.platform.writer());
        let keys = site.folder().join("keys");
        open(readers, writer, &keys.join("site")).await.unwrap();
        let words = |outcome: anyhow::Result<SiteKey>| outcome.unwrap_err().to_string();
        let none = words(open(readers, writer, &keys.join("other")).await);
        assert!(none.contains("found none"), "{none}");
        assert!(
            !keys.join("other").exists(),
            "no key is made for a database that has one"
        );
        SiteKey::open(&keys.join("other")).unwrap();
        let other = words(open(readers, writer, &keys.join("other")).await);
        assert!(other.contains("found another"), "{other}");
    }
}
