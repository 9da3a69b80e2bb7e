//! Statements.

use std::sync::Arc;

use super::{Connection, Result, Row, Value};

/// Which rows of a list are asked for: of those with a greater number than `after` the first ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The last number seen; 0 for the beginning.
    pub after: i64,
    /// Rows at most.
    pub limit: u32,
}

impl Page {
    /// The first thousand.
    pub const FIRST: Self = Self {
        after: 0,
        limit: 1000,
    };
}

/// A statement with its values, written piece by piece.
#[derive(Debug, Clone)]
pub struct Sql {
    pub(super) text: String,
    pub(super) values: Arc<Vec<Value>>,
}

impl Sql {
    /// Begins a statement.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            values: Arc::default(),
        }
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Adds text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        let values = Arc::make_mut(&mut self.values);
        values.push(value.into());
        self.text.push_str(&format!("${}", values.len()));
        self
    }

    /// Adds values with commas between them.
    pub fn bind_all<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        for (number, value) in values.into_iter().enumerate() {
            if number > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }

    /// Adds the end of a statement that gives one page of rows; conditions stand before it.
    pub fn page(&mut self, number: &str, page: Page) -> &mut Self {
        self.push(&format!(" AND {number} > ")).bind(page.after);
        self.push(&format!(" ORDER BY {number} LIMIT "))
            .bind(i64::from(page.limit))
    }

    /// Carries it out; gives how many rows it changed.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    pub async fn run(&self, connection: &impl Connection) -> Result<u64> {
        connection.run(self).await
    }

    /// Gives the first row, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    pub async fn one(&self, connection: &impl Connection) -> Result<Option<Row>> {
        connection.one(self).await
    }

    /// Gives the rows.
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    pub async fn all(&self, connection: &impl Connection) -> Result<Vec<Row>> {
        connection.all(self).await
    }
}
