//! The demo's small PET-CT as the server would give it: metadata, and a stream a series.

use std::collections::BTreeMap;

use codec::dataset::{Limits, read};
use dicom_dictionary_std::tags;
use serde_json::{Value, json};

/// A study as the server gives it.
pub struct Synthetic {
    pub study: String,
    /// DICOM JSON of its CT and PET.
    pub metadata: String,
    /// By modality.
    pub series: BTreeMap<String, Stream>,
}

/// A series' stream.
#[derive(Default)]
pub struct Stream {
    pub series: String,
    /// SOP Instance UID and cells.
    pub frames: Vec<(String, Vec<u8>)>,
    size: [usize; 2],
}

impl Synthetic {
    pub fn pet_ct() -> Self {
        let options = testdata::Options {
            size: testdata::Size::Tiny,
            seed: 3,
        };
        let mut made = Self {
            study: String::new(),
            metadata: String::new(),
            series: BTreeMap::new(),
        };
        let mut listed = Vec::new();
        testdata::files(&options, &|_, _| {}, &mut |name, bytes| {
            if name.starts_with("petct/") && name.ends_with(".dcm") {
                made.take(&bytes, &mut listed);
            }
            Ok(())
        })
        .unwrap();
        made.metadata = Value::Array(listed).to_string();
        made
    }

    fn take(&mut self, bytes: &[u8], listed: &mut Vec<Value>) {
        let object = read(bytes, Limits::default()).unwrap();
        let text = |tag| {
            let element = object.data_set.element(tag).unwrap();
            element.to_str().unwrap().trim().trim_end_matches('\0').to_owned()
        };
        let modality = text(tags::MODALITY);
        if !["CT", "PT"].contains(&modality.as_str()) {
            return;
        }
        self.study = text(tags::STUDY_INSTANCE_UID);
        let stream = self.series.entry(modality).or_default();
        stream.series = text(tags::SERIES_INSTANCE_UID);
        stream.size = [tags::COLUMNS, tags::ROWS].map(|tag| text(tag).parse().unwrap());
        let pixels = object.pixels.as_ref().unwrap();
        let cells = object.bytes[pixels.range.clone()].to_vec();
        stream.frames.push((text(tags::SOP_INSTANCE_UID), cells));
        let mut json: Value = dicom_json::to_value(&object.data_set).unwrap();
        json["7FE00010"] = json!({"vr": "OW", "BulkDataURI": "bulk"});
        json["00083002"] = json!({"vr": "UI", "Value": [object.transfer_syntax_uid]});
        listed.push(json);
    }
}

/// One word as streams have it.
fn word(bytes: &mut Vec<u8>, word: usize) {
    bytes.extend((word as u32).to_le_bytes());
}

impl Stream {
    /// The stream from a chunk on, with small pictures of all frames first.
    pub fn bytes(&self, etag: &str, from: usize) -> Vec<u8> {
        let frame = |(sop, _): &(String, Vec<u8>)| json!({"sop_instance_uid": sop, "frame": 1, "transfer_syntax_uid": "1.2.840.10008.1.2.1"});
        let count = self.frames.len();
        let header = json!({
            "version": 1,
            "etag": etag,
            "overview_step": 4,
            "chunks": 2 * count + 1,
            "frames": self.frames.iter().map(frame).collect::<Vec<_>>(),
        })
        .to_string();
        let mut bytes = b"UPTKSER1".to_vec();
        word(&mut bytes, header.len());
        bytes.extend(header.as_bytes());
        for number in from..=2 * count {
            let (kind, place, content) = match number {
                n if n < count => (1, n, self.overview(n)),
                n if n < 2 * count => (2, n - count, self.frames[n - count].1.clone()),
                _ => (3, 0, Vec::new()),
            };
            for value in [kind, number, place, 0, content.len()] {
                word(&mut bytes, value);
            }
            bytes.extend(content);
        }
        bytes
    }

    fn overview(&self, n: usize) -> Vec<u8> {
        let [columns, rows] = self.size;
        let cells = &self.frames[n].1;
        let places = (0..rows)
            .step_by(4)
            .flat_map(|row| (0..columns).step_by(4).map(move |column| row * columns + column));
        places.flat_map(|at| cells[2 * at..2 * at + 2].to_vec()).collect()
    }
}
