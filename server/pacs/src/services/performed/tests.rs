//! What devices report.
