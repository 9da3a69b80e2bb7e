//! The CT of the synthetic study at bench size, as files in several transfer syntaxes.

use std::path::{Path, PathBuf};

use codec::TransferSyntax;
use codec::compression::encoder_for;
use codec::dataset::{Limits, read};
use codec::pixels::{PixelData, PixelValue};
use dicom_core::value::{PixelFragmentSequence, Value};
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_object::FileMetaTableBuilder;

/// Gives the folder of the 400-slice CT in a transfer syntax, writing it at first use below `target/bench-data`.
///
/// # Panics
///
/// When the folder cannot be written: without data there is nothing to measure.
#[must_use]
pub fn ct_series(syntax: TransferSyntax) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-data");
    let raw = root.join("ct-raw");
    if !raw.is_dir() {
        write_raw(&raw);
    }
    if syntax == TransferSyntax::ExplicitLittleEndian {
        return raw;
    }
    let folder = root.join(format!("ct-{}", syntax.uid()));
    if !folder.is_dir() {
        transcode(&raw, &folder, syntax);
    }
    folder
}

/// Writes into a folder beside the wanted one, so that a broken run leaves nothing that looks whole.
fn whole(folder: &Path, write: impl FnOnce(&Path)) {
    let partial = folder.with_extension("partial");
    let _ = std::fs::remove_dir_all(&partial);
    std::fs::create_dir_all(&partial).expect("bench data need a folder");
    write(&partial);
    std::fs::rename(&partial, folder).expect("bench data need a folder");
}

fn write_raw(folder: &Path) {
    whole(folder, |folder| {
        let options = testdata::Options {
            size: testdata::Size::Bench,
            seed: 1,
        };
        let written = testdata::files(&options, &|_, _| {}, &mut |name, bytes| {
            if let Some(file) = name.strip_prefix("petct/ct/") {
                std::fs::write(folder.join(file), bytes).expect("bench data need room");
            }
            Ok(())
        });
        written.expect("synthetic studies can be written");
    });
}

fn transcode(from: &Path, to: &Path, syntax: TransferSyntax) {
    let encoder = encoder_for(syntax).expect("benches use lossless syntaxes that can be written");
    whole(to, |to| {
        for entry in std::fs::read_dir(from).expect("the raw series is there") {
            let path = entry.expect("the raw series is there").path();
            let bytes = std::fs::read(&path).expect("the raw series is there");
            let object = read(&bytes, Limits::default()).expect("our own objects are good");
            let located = object.pixels.clone().expect("CT has pixels");
            let value = PixelValue::Native {
                bytes: &object.bytes[located.range.clone()],
                vr: located.vr,
            };
            let native = object.transfer_syntax.expect("our own objects name their syntax");
            let (pixels, _) = PixelData::new(&object.data_set, native, located.kind, value)
                .expect("our own objects are good");
            let frame = pixels.decode(0).expect("our own objects are good");
            let mut fragment = encoder
                .encode(&frame, pixels.description())
                .expect("CT fits every lossless syntax");
            fragment.resize(fragment.len().next_multiple_of(2), 0);
            let mut data_set = object.data_set.clone();
            let value = Value::from(PixelFragmentSequence::new_fragments(vec![fragment]));
            data_set.put(DataElement::new(tags::PIXEL_DATA, VR::OB, value));
            let meta = FileMetaTableBuilder::new().transfer_syntax(syntax.uid());
            let file = data_set.with_meta(meta).expect("our own objects have their UIDs");
            file.write_to_file(to.join(path.file_name().expect("files have names")))
                .expect("bench data need room");
        }
    });
}
