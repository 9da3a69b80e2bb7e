//! Settings from the environment: `UPTAKE_` and the path of the setting, `UPTAKE_HTTP_LISTEN` for `http.listen`.

use anyhow::bail;
use toml::{Table, Value};

/// Variables of ours that are no settings.
const OTHERS: &[&str] = &["CONFIG", "SHARED_DATA", "DEMO", "PICTURE"];

/// The settings that a variable can hold; lists and tables stand in the file.
const SETTINGS: &[&str] = &[
    "data",
    "http.listen",
    "http.tokens",
    "http.tls.certificate",
    "http.tls.key",
    "http.connections",
    "http.connections_of_address",
    "http.drain_s",
    "dicom.listen",
    "dicom.ae_title",
    "dicom.associations",
    "dicom.tls_authority",
    "index.postgres_url_file",
    "index.copy_before_upgrade",
    "storage.main",
    "storage.cold",
    "storage.cold_after_days",
    "storage.compression",
    "backup.to",
    "backup.at",
    "backup.keep",
    "viewer.kept_bytes",
    "retention.out_patient_years",
    "retention.in_patient_years",
    "scrub.within_days",
    "scrub.bytes_per_second",
    "limits.object_bytes",
    "limits.upload_object_bytes",
    "limits.upload_zip_bytes",
    "limits.silence_s",
    "log.format",
    "log.filter",
];

/// Puts variables over the settings of a file.
///
/// # Errors
///
/// A variable that begins like ours and names no setting: a slip of the pen would go unseen otherwise.
pub(super) fn lay_over(
    table: &mut Table,
    variables: impl Iterator<Item = (String, String)>,
) -> anyhow::Result<()> {
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix("UPTAKE_") else {
            continue;
        };
        if OTHERS.contains(&rest) || rest.starts_with("REQUIRE_") {
            continue;
        }
        let wanted = rest.to_ascii_lowercase();
        let Some(setting) = SETTINGS
            .iter()
            .find(|setting| setting.replace('.', "_") == wanted)
        else {
            bail!("{name} in the environment: expected the name of a setting, as UPTAKE_HTTP_LISTEN");
        };
        put(table, setting, typed(value));
    }
    Ok(())
}

/// Numbers are numbers, `true` and `false` are what they say, all else is text.
fn typed(text: String) -> Value {
    match (text.parse(), text.parse()) {
        (Ok(number), _) => Value::Integer(number),
        (_, Ok(truth)) => Value::Boolean(truth),
        _ => Value::String(text),
    }
}

fn put(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = table
                .entry(first.to_owned())
                .or_insert_with(|| Value::Table(Table::new()));
            // What is no table is refused when the whole is read.
            if let Value::Table(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
