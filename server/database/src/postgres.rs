//! PostgreSQL.

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection as _, Decode, Executor, PgPool, Postgres, Row as _,
    Type, TypeInfo,
};
use tokio::sync::Mutex;

use super::{Error, Result, Row, Sql, Value};

/// After such a time without a statement a connection is tried before it is used.
const IDLE: Duration = Duration::from_secs(10);
/// How long a connection is waited for.
const ACQUIRE: Duration = Duration::from_secs(60);
/// SQLSTATE disk_full.
const DISK_FULL: &str = "53100";

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        if code.as_deref() == Some(DISK_FULL) {
            Self::Full
        } else {
            Self::Failed(error.to_string())
        }
    }
}

/// Connections to one database; clones share them.
#[derive(Debug, Clone)]
pub(super) struct Pool(PgPool);

impl Pool {
    pub(super) async fn open(url: &str, connections: u32) -> Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE)
            // Asking whether a connection lives costs as much as a statement; one that was just used does.
            .test_before_acquire(false)
            .before_acquire(|connection, used| {
                Box::pin(async move {
                    if used.idle_for < IDLE {
                        return Ok(true);
                    }
                    Ok(connection.ping().await.is_ok())
                })
            })
            // Statements have values in them that are not for logs.
            .connect_with(options.disable_statement_logging());
        Ok(Self(pool.await?))
    }

    pub(super) async fn run(&self, sql: &Sql) -> Result<u64> {
        Ok(query(sql).execute(&self.0).await?.rows_affected())
    }

    pub(super) async fn one(&self, sql: &Sql) -> Result<Option<Row>> {
        let found = query(sql).fetch_optional(&self.0).await?;
        found.as_ref().map(row).transpose()
    }

    pub(super) async fn all(&self, sql: &Sql) -> Result<Vec<Row>> {
        rows(&query(sql).fetch_all(&self.0).await?)
    }

    pub(super) async fn batch(&self, text: &str) -> Result<()> {
        self.0.execute(sqlx::raw_sql(AssertSqlSafe(text))).await?;
        Ok(())
    }

    pub(super) async fn begin(&self) -> Result<Transaction> {
        Ok(Transaction(Mutex::new(self.0.begin().await?)))
    }
}

/// A transaction.
#[derive(Debug)]
pub(super) struct Transaction(Mutex<sqlx::Transaction<'static, Postgres>>);

impl Transaction {
    pub(super) async fn run(&self, sql: &Sql) -> Result<u64> {
        let mut transaction = self.0.lock().await;
        Ok(query(sql).execute(&mut **transaction).await?.rows_affected())
    }

    pub(super) async fn one(&self, sql: &Sql) -> Result<Option<Row>> {
        let mut transaction = self.0.lock().await;
        let found = query(sql).fetch_optional(&mut **transaction).await?;
        found.as_ref().map(row).transpose()
    }

    pub(super) async fn all(&self, sql: &Sql) -> Result<Vec<Row>> {
        let mut transaction = self.0.lock().await;
        rows(&query(sql).fetch_all(&mut **transaction).await?)
    }

    pub(super) async fn batch(&self, text: &str) -> Result<()> {
        let mut transaction = self.0.lock().await;
        transaction.execute(sqlx::raw_sql(AssertSqlSafe(text))).await?;
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<()> {
        Ok(self.0.into_inner().commit().await?)
    }
}

/// Values travel beside the text, which is ours.
fn query(sql: &Sql) -> Query<'_, Postgres, PgArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.text.as_str()));
    sql.values.iter().fold(query, |query, value| match value {
        Value::Integer(value) => query.bind(value),
        Value::Real(value) => query.bind(value),
        Value::Text(value) => query.bind(value.as_deref()),
        Value::Bytes(value) => query.bind(value.as_deref()),
    })
}

fn rows(rows: &[PgRow]) -> Result<Vec<Row>> {
    rows.iter().map(row).collect()
}

fn row(row: &PgRow) -> Result<Row> {
    let values = (0..row.columns().len()).map(|at| value(row, at));
    Ok(Row(values.collect::<Result<_>>()?))
}

fn value(row: &PgRow, at: usize) -> Result<Value> {
    fn read<'r, T: Decode<'r, Postgres> + Type<Postgres>>(row: &'r PgRow, at: usize) -> Result<Option<T>> {
        Ok(row.try_get(at)?)
    }
    let integer = |value: Option<i64>| Value::Integer(value);
    Ok(match row.column(at).type_info().name() {
        "INT8" => integer(read(row, at)?),
        "INT4" => integer(read::<i32>(row, at)?.map(i64::from)),
        "INT2" => integer(read::<i16>(row, at)?.map(i64::from)),
        "BOOL" => integer(read::<bool>(row, at)?.map(i64::from)),
        "FLOAT8" => Value::Real(read(row, at)?),
        "BYTEA" => Value::Bytes(read(row, at)?),
        // What functions give that give nothing.
        "VOID" => Value::Text(None),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => Value::Text(read(row, at)?),
        other => {
            return Err(Error::Failed(format!(
                "column {at} is of type {other}, which is not read here"
            )));
        }
    })
}
