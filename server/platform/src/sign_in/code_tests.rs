//! Codes by SMS.
