//! What processes tell one another: PostgreSQL passes on to all who listen what a transaction said, when it is committed. A
//! file of SQLite has one process that serves it, which hears of its own commits from its [`super::Writer`].

use sqlx::postgres::PgListener;

use super::{Backend, Connection, Place, Result, Sql};

/// Hears what is told under a name.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Begins to listen; `None` where there is nobody to hear of.
    ///
    /// # Errors
    ///
    /// [`super::Error::Failed`].
    pub async fn open(place: &Place, name: &str) -> Result<Option<Self>> {
        let Place::Postgres(url) = place else {
            return Ok(None);
        };
        let mut listener = PgListener::connect(url).await?;
        listener.listen(name).await?;
        Ok(Some(Self(listener)))
    }

    /// Returns when something was told, or when something may have been told while the connection was lost.
    ///
    /// # Errors
    ///
    /// [`super::Error::Failed`] where the connection is lost and there is no other.
    pub async fn heard(&mut self) -> Result<()> {
        self.0.try_recv().await?;
        Ok(())
    }
}

/// Tells all who listen, once the transaction is committed; several times in a transaction is once.
///
/// # Errors
///
/// As [`Connection::run`].
pub async fn tell(transaction: &impl Connection, name: &str) -> Result<()> {
    if transaction.backend() == Backend::Postgres {
        let mut sql = Sql::new("SELECT pg_notify(");
        sql.bind(name).push(", '')").one(transaction).await?;
    }
    Ok(())
}
