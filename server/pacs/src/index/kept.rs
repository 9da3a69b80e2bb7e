//! What an object itself says, kept beside its rows: rows show corrected values, and are made anew from these.

use std::collections::BTreeMap;

use dicom_core::Tag;
use serde_json::{Value, json};

use super::facts::{Code, Identifier, Request, Tracer};
use super::{Error, Facts, Result, metadata};
use crate::storage::ObjectInfo;

/// Writes all facts but the object's own row and its metadata.
pub(super) fn deflated(facts: &Facts) -> Vec<u8> {
    let values: BTreeMap<String, &String> = facts
        .values
        .iter()
        .map(|(tag, value)| (format!("{:04X}{:04X}", tag.0, tag.1), value))
        .collect();
    let code = |code: &Code| json!([code.value, code.scheme, code.meaning]);
    let tracers = facts.tracers.iter().map(|tracer| {
        // Bits, because decimal digits are not the number.
        let activity = tracer.activity_bq.map(f64::to_bits);
        json!([
            tracer.radiopharmaceutical,
            code(&tracer.radionuclide),
            activity,
            tracer.injection,
            code(&tracer.radiopharmaceutical_code),
            tracer.total_dose
        ])
    });
    let kept = json!({
        "syntax": facts.transfer_syntax_uid,
        "values": values,
        "ids": facts.other_ids.iter().map(|id| json!([id.id, id.issuer])).collect::<Vec<_>>(),
        "tracers": tracers.collect::<Vec<_>>(),
        "requests": facts.requests.iter().map(|r| json!([r.step_id, r.procedure_id])).collect::<Vec<_>>(),
    });
    metadata::deflated(&kept.to_string())
}

/// Reads what [`deflated`] wrote; the metadata are left empty.
pub(super) fn facts(object: ObjectInfo, deflated: &[u8]) -> Result<Facts> {
    let text = metadata::inflated(deflated)?;
    let kept: Value = serde_json::from_str(&text).map_err(|_| damaged())?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let list = |name: &str| kept.get(name).and_then(Value::as_array).ok_or_else(damaged);
    let mut values = BTreeMap::new();
    for (name, value) in kept
        .get("values")
        .and_then(Value::as_object)
        .ok_or_else(damaged)?
    {
        let number = u32::from_str_radix(name, 16).map_err(|_| damaged())?;
        let tag = Tag((number >> 16) as u16, (number & 0xFFFF) as u16);
        values.insert(tag, text(value).ok_or_else(damaged)?);
    }
    let identifier = |item: &Value| Identifier {
        id: text(&item[0]).unwrap_or_default(),
        issuer: text(&item[1]).unwrap_or_default(),
    };
    let code = |item: &Value| Code {
        value: text(&item[0]),
        scheme: text(&item[1]),
        meaning: text(&item[2]),
    };
    let tracer = |item: &Value| Tracer {
        radiopharmaceutical: text(&item[0]),
        radionuclide: code(&item[1]),
        activity_bq: item[2].as_u64().map(f64::from_bits),
        injection: text(&item[3]),
        radiopharmaceutical_code: code(&item[4]),
        total_dose: text(&item[5]),
    };
    let request = |item: &Value| Request {
        step_id: text(&item[0]),
        procedure_id: text(&item[1]),
    };
    Ok(Facts {
        custodian: None,
        object,
        transfer_syntax_uid: kept.get("syntax").and_then(text).unwrap_or_default(),
        values,
        other_ids: list("ids")?.iter().map(identifier).collect(),
        tracers: list("tracers")?.iter().map(tracer).collect(),
        requests: list("requests")?.iter().map(request).collect(),
        metadata: Vec::new(),
    })
}

fn damaged() -> Error {
    Error::Damaged("what is kept of an object")
}

#[cfg(test)]
mod tests {
    use super::super::generator;

    #[test]
    fn facts_come_back_as_they_were() {
        for mut facts in generator::generate(7, 20) {
            let kept = super::deflated(&facts);
            facts.metadata = Vec::new();
            assert_eq!(super::facts(facts.object, &kept).unwrap(), facts);
        }
    }
}
