//! Values and rows.

use super::{Error, Result};

/// A value of a statement; `None` is NULL of that type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// BIGINT.
    Integer(Option<i64>),
    /// DOUBLE PRECISION.
    Real(Option<f64>),
    /// TEXT.
    Text(Option<String>),
    /// BLOB, BYTEA.
    Bytes(Option<Vec<u8>>),
}

impl Value {
    fn is_null(&self) -> bool {
        matches!(
            self,
            Self::Integer(None) | Self::Real(None) | Self::Text(None) | Self::Bytes(None)
        )
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Integer(Some(_)) => "a whole number",
            Self::Real(Some(_)) => "a number",
            Self::Text(Some(_)) => "text",
            Self::Bytes(Some(_)) => "bytes",
            _ => "NULL",
        }
    }
}

macro_rules! from {
    ($($of:ty => $kind:ident($value:ident => $into:expr)),* $(,)?) => {$(
        impl From<$of> for Value {
            fn from($value: $of) -> Self {
                Self::$kind(Some($into))
            }
        }

        impl From<Option<$of>> for Value {
            fn from(value: Option<$of>) -> Self {
                Self::$kind(value.map(|$value| $into))
            }
        }
    )*};
}

from! {
    i64 => Integer(value => value),
    i32 => Integer(value => value.into()),
    u32 => Integer(value => value.into()),
    f64 => Real(value => value),
    String => Text(value => value),
    &str => Text(value => value.to_owned()),
    Vec<u8> => Bytes(value => value),
}

/// A type that a column is read as.
pub trait FromValue: Sized {
    /// What it is called where a column is another.
    const NAME: &'static str;

    /// Reads a value; gives it back where it is another.
    ///
    /// # Errors
    ///
    /// The value.
    fn from_value(value: Value) -> std::result::Result<Self, Value>;
}

macro_rules! read {
    ($($of:ty: $kind:ident, $name:literal),* $(,)?) => {$(
        impl FromValue for $of {
            const NAME: &'static str = $name;

            fn from_value(value: Value) -> std::result::Result<Self, Value> {
                match value {
                    Value::$kind(Some(value)) => Ok(value),
                    other => Err(other),
                }
            }
        }

        impl FromValue for Option<$of> {
            const NAME: &'static str = $name;

            fn from_value(value: Value) -> std::result::Result<Self, Value> {
                match value {
                    Value::$kind(value) => Ok(value),
                    other if other.is_null() => Ok(None),
                    other => Err(other),
                }
            }
        }
    )*};
}

read! {
    i64: Integer, "a whole number",
    f64: Real, "a number",
    String: Text, "text",
    Vec<u8>: Bytes, "bytes",
}

/// A row that a statement gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub(super) Vec<Value>);

impl Row {
    /// Reads a column by its place, counted from 0.
    ///
    /// # Errors
    ///
    /// [`Error::Type`], also where there is no such column.
    pub fn get<T: FromValue>(&self, at: usize) -> Result<T> {
        let value = self.0.get(at).cloned();
        let read = value
            .ok_or("no column")
            .and_then(|value| T::from_value(value).map_err(|value| value.name()));
        read.map_err(|found| Error::Type {
            at,
            expected: T::NAME,
            found,
        })
    }
}
