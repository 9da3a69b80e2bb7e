//! Studies that leave and come back, and what other programs say of them on the way.

mod download;
mod private;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures_util::StreamExt;

use super::import::{self, Fate, Report};
use super::iso::Image;
use super::zip::{self, Packing};
use super::{Error, Layout, Names, Selection, Tree, unpack, write_file, write_folder};
use crate::index::tests::sqlite;
use crate::index::{Index, Level, Query};
use crate::ingest::{Ingest, Limits};
use crate::storage::{Hash, Storage};
use crate::test_folder::TestFolder;

struct Place {
    ingest: Ingest,
    index: Index,
    storage: Storage,
}

impl Place {
    async fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let storage = Storage::local(&folder.join("storage")).unwrap();
        let index = sqlite(folder).await;
        let ingest = Ingest::new(storage.clone(), index.clone(), Limits::default())
            .await
            .unwrap();
        Self {
            ingest,
            index,
            storage,
        }
    }

    async fn import(&self, path: &Path) -> (Report, Vec<(String, Fate)>) {
        let mut fates = Vec::new();
        let tell = |name: &str, fate: &Fate| fates.push((name.to_owned(), fate.clone()));
        let report = import::import(&self.ingest, &[path.to_owned()], unpack::Limits::default(), tell)
            .await
            .unwrap();
        (report, fates)
    }

    async fn hashes(&self) -> BTreeSet<Hash> {
        let objects = self.index.objects().await.unwrap();
        objects.into_iter().map(|(hash, _)| hash).collect()
    }

    async fn studies(&self) -> Vec<Selection> {
        let rows = self.index.query(&Query::all(Level::Study)).await.unwrap();
        let uid = |row: &crate::index::Row| {
            row.value(dicom_dictionary_std::tags::STUDY_INSTANCE_UID)
                .to_owned()
        };
        rows.iter()
            .map(|row| Selection {
                study_uid: uid(row),
                series_uids: Vec::new(),
            })
            .collect()
    }

    async fn tree(&self, selection: &Selection, layout: &Layout) -> Tree {
        Tree::of(&self.index, &self.storage, selection, layout, Vec::new())
            .await
            .unwrap()
    }
}

/// An object of no pixels, with a Chinese name, of a class.
fn object(class: &str, number: u32, more: &[(dicom_core::Tag, dicom_core::VR, &str)]) -> Vec<u8> {
    use dicom_core::{DataElement, PrimitiveValue, VR};
    use dicom_dictionary_std::{tags, uids};
    let uid = format!("2.25.{number}");
    let number = number.to_string();
    let mut object = dicom_object::InMemDicomObject::new_empty();
    let base = [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::SOP_CLASS_UID, VR::UI, class),
        (tags::SOP_INSTANCE_UID, VR::UI, &uid),
        (tags::STUDY_DATE, VR::DA, "20260304"),
        (tags::STUDY_TIME, VR::TM, "101112"),
        (tags::MODALITY, VR::CS, "OT"),
        (tags::STUDY_DESCRIPTION, VR::LO, "全身显像 <PET/CT>"),
        (tags::PATIENT_NAME, VR::PN, "Zhang^San=张^三"),
        (tags::PATIENT_ID, VR::LO, "TEST-1"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "2.25.7000"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "2.25.8000"),
        (tags::STUDY_ID, VR::SH, "1"),
        (tags::SERIES_NUMBER, VR::IS, "3"),
        (tags::INSTANCE_NUMBER, VR::IS, &number),
    ];
    for (tag, vr, value) in base.iter().chain(more) {
        object.put(DataElement::new(*tag, *vr, PrimitiveValue::from(*value)));
    }
    let meta = dicom_object::FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(class)
        .media_storage_sop_instance_uid(&uid)
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    bytes
}

/// The Python of the test peers, where it is installed.
fn python() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv/bin/python");
    let required = std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() == Ok("1");
    assert!(path.is_file() || !required, "{} is absent", path.display());
    path.is_file().then_some(path)
}

/// Runs a peer and gives what it says; `None` where it is absent and need not be there.
fn peer(program: &str, arguments: &[&str]) -> Option<String> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program} {arguments:?}: {said}");
            Some(said.into_owned())
        }
        Err(_) => {
            let required = std::env::var("UPTAKE_REQUIRE_PEERS").as_deref() == Ok("1");
            assert!(!required, "{program} is absent");
            None
        }
    }
}

async fn drained(
    mut pieces: impl futures_util::Stream<Item = super::Result<bytes::Bytes>> + Unpin,
) -> super::Result<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(piece) = pieces.next().await {
        all.extend(piece?);
    }
    Ok(all)
}

/// Sends a set through one kind of container into a second archive, and compares the two.
async fn round_trip(set: &str) {
    let Some(data) = shared_data::set(set) else { return };
    let folder = TestFolder::new("media");
    let first = Place::new(&folder.path().join("first")).await;
    let (report, _) = first.import(&data).await;
    assert!(report.stored > 0, "{report:?}");
    let studies = first.studies().await;
    let visible: BTreeSet<Hash> = {
        let rows = first.index.query(&Query::all(Level::Instance)).await.unwrap();
        rows.iter()
            .filter_map(|row| Some(row.object.as_ref()?.hash))
            .collect()
    };
    for kind in ["folder", "zip", "deflated"] {
        let place = Place::new(&folder.path().join(kind)).await;
        let out = folder.path().join(format!("out-{kind}"));
        std::fs::create_dir_all(&out).unwrap();
        for (number, study) in studies.iter().enumerate() {
            let to = out.join(number.to_string());
            let storage = first.storage.clone();
            if kind == "folder" {
                let tree = first.tree(study, &Layout::FileSetAsReceived).await;
                write_folder(&storage, &tree, &to).await.unwrap();
                continue;
            }
            let tree = first.tree(study, &Layout::Folders(Names::Plain)).await;
            let length = zip::stored_bytes(&tree);
            let packing = if kind == "zip" {
                Packing::Stored
            } else {
                Packing::Deflated
            };
            let bytes = drained(zip::stream(storage, tree, packing)).await.unwrap();
            if kind == "zip" {
                assert_eq!(bytes.len() as u64, length, "the length that was announced");
            }
            let to = to.with_extension("zip");
            std::fs::write(&to, bytes).unwrap();
            peer("unzip", &["-tq", to.to_str().unwrap()]);
        }
        let (report, fates) = place.import(&out).await;
        assert_eq!(report.refused, 0, "{fates:?}");
        assert_eq!(place.hashes().await, visible, "{kind} of {set}");
    }
}

#[tokio::test]
async fn every_set_comes_back_byte_for_byte() {
    for set in ["nm", "objects", "charset"] {
        round_trip(set).await;
    }
}

#[tokio::test]
async fn other_programs_read_the_directory_and_chinese_names() {
    use dicom_core::VR;
    use dicom_dictionary_std::{tags, uids};
    let folder = TestFolder::new("media");
    let place = Place::new(&folder.path().join("archive")).await;
    let classes = [
        (uids::SECONDARY_CAPTURE_IMAGE_STORAGE, "PRIVATE"),
        (uids::BASIC_TEXT_SR_STORAGE, "SR DOCUMENT"),
        (uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE, "KEY OBJECT DOC"),
        (
            uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
            "PRESENTATION",
        ),
        (uids::RAW_DATA_STORAGE, "RAW DATA"),
        (uids::MR_SPECTROSCOPY_STORAGE, "SPECTROSCOPY"),
        (uids::SPATIAL_REGISTRATION_STORAGE, "REGISTRATION"),
        (uids::SPATIAL_FIDUCIALS_STORAGE, "FIDUCIAL"),
        (uids::REAL_WORLD_VALUE_MAPPING_STORAGE, "VALUE MAP"),
        (uids::ENCAPSULATED_PDF_STORAGE, "ENCAP DOC"),
        (uids::RT_DOSE_STORAGE, "RT DOSE"),
        (uids::RT_STRUCTURE_SET_STORAGE, "RT STRUCTURE SET"),
        (uids::RT_PLAN_STORAGE, "RT PLAN"),
        (uids::TWELVE_LEAD_ECG_WAVEFORM_STORAGE, "WAVEFORM"),
        ("1.3.12.2.1107.5.9.1", "PRIVATE"),
    ];
    for (number, (class, _)) in (1..).zip(classes) {
        let more = [(tags::CONTENT_DATE, VR::DA, "20260304")];
        place.ingest.take(&object(class, number, &more)).await.unwrap();
    }
    let selection = &place.studies().await[0];
    let tree = place.tree(selection, &Layout::FileSet).await;
    let out = folder.path().join("stick");
    write_folder(&place.storage, &tree, &out).await.unwrap();
    let again = write_folder(&place.storage, &tree, &out).await;
    assert!(matches!(again, Err(Error::NotEmpty)));
    let directory = out.join("DICOMDIR");
    let directory = directory.to_str().unwrap();
    if let Some(dump) = peer("dcmdump", &["--print-short", directory]) {
        for (_, kind) in classes {
            assert!(dump.contains(&format!("[{kind}]")), "no {kind}");
        }
        assert!(!dump.contains("W:") && !dump.contains("E:"), "{dump}");
    }
    let Some(python) = python() else { return };
    let script = "
import sys
from pydicom import dcmread
from pydicom.fileset import FileSet
directory = dcmread(sys.argv[1])
files = FileSet(directory)
found = sorted((str(i.PatientName), i.DirectoryRecordType, i.FileID.parts[-1] if hasattr(i.FileID, 'parts') else i.FileID.split('/')[-1]) for i in files)
print(len(files), len(files.find_values('StudyInstanceUID')), {name for name, _, _ in found})
for i in files:
    assert i.load().SOPInstanceUID == i.ReferencedSOPInstanceUIDInFile
";
    let said = peer(python.to_str().unwrap(), &["-c", script, directory]).unwrap();
    assert!(said.contains("15 1 {'Zhang^San=张^三'}"), "{said}");
}

/// Takes the files out of a disc's image with another program; `false` where it is absent.
fn extracted(iso: &Path, to: &Path) -> bool {
    let (iso, to) = (iso.to_str().unwrap(), to.to_str().unwrap());
    let arguments = [
        "-read_fs", "norock", "-osirrox", "on", "-indev", iso, "-extract", "/", to,
    ];
    peer("xorriso", &arguments).is_some()
}

#[tokio::test]
async fn a_real_study_on_a_disc_is_what_other_programs_expect() {
    let Some(data) = shared_data::set("petct") else {
        return;
    };
    let folder = TestFolder::new("media");
    let place = Place::new(&folder.path().join("archive")).await;
    place.import(&data).await;
    let selection = &place.studies().await[0];
    let tree = place.tree(selection, &Layout::FileSet).await;
    let stick = folder.path().join("stick");
    write_folder(&place.storage, &tree, &stick).await.unwrap();
    let bytes = drained(
        Image::new(tree.clone(), "DICOM")
            .unwrap()
            .stream(place.storage.clone()),
    )
    .await
    .unwrap();
    let iso = folder.path().join("disc.iso");
    std::fs::write(&iso, bytes).unwrap();
    let disc = folder.path().join("disc");
    if !extracted(&iso, &disc) {
        return;
    }
    for file in &tree.files {
        let on = |root: &Path| std::fs::read(root.join(&file.path)).unwrap();
        assert_eq!(on(&stick), on(&disc), "{}", file.path);
    }
    let mounting = TestFolder::new("mounted");
    if let Some(_mounted) = mounting.mount_disc(&iso) {
        for file in &tree.files {
            let on = |root: &Path| std::fs::read(root.join(&file.path)).unwrap();
            assert_eq!(on(&stick), on(mounting.path()), "{}", file.path);
        }
    }
    let other = Place::new(&folder.path().join("other")).await;
    let (report, fates) = other.import(&disc.join("DICOMDIR")).await;
    assert_eq!(
        (report.stored, report.left_out),
        (tree.files.len() as u64 - 1, 1),
        "{fates:?}"
    );
    let directory = disc.join("DICOMDIR");
    if let Some(said) = peer("dcentvfy", &[directory.to_str().unwrap()]) {
        assert!(!said.contains("Error"), "{said}");
    }
}

#[tokio::test]
async fn names_of_a_zip_are_as_asked() {
    let folder = TestFolder::new("media");
    let place = Place::new(folder.path()).await;
    let class = dicom_dictionary_std::uids::BASIC_TEXT_SR_STORAGE;
    place.ingest.take(&object(class, 1, &[])).await.unwrap();
    let selection = &place.studies().await[0];
    for (names, path, called) in [
        (Names::Anonymous, "DICOM/001/000001.dcm", None),
        (
            Names::Plain,
            "张三 TEST-1/20260304 全身显像 PET CT/3 OT/000001.dcm",
            Some("张三 TEST-1 20260304"),
        ),
        (
            Names::New("会诊/1".to_owned()),
            "会诊 1/001/000001.dcm",
            Some("会诊 1"),
        ),
    ] {
        let tree = place.tree(selection, &Layout::Folders(names)).await;
        let paths: Vec<&str> = tree.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!((paths, tree.name.as_deref()), (vec![path], called));
    }
    let none = Selection {
        series_uids: vec!["2.25.1".to_owned()],
        ..selection.clone()
    };
    let nothing = Tree::of(&place.index, &place.storage, &none, &Layout::FileSet, Vec::new()).await;
    assert!(matches!(nothing, Err(Error::NotFound)));
    let extra = vec![("../evil".to_owned(), bytes::Bytes::new())];
    let evil = Tree::of(&place.index, &place.storage, selection, &Layout::FileSet, extra).await;
    assert!(matches!(evil, Err(Error::Name)));
}

#[tokio::test]
async fn a_damaged_object_ends_the_zip_without_its_end() {
    let folder = TestFolder::new("media");
    let place = Place::new(folder.path()).await;
    let class = dicom_dictionary_std::uids::BASIC_TEXT_SR_STORAGE;
    for number in [1, 2] {
        place.ingest.take(&object(class, number, &[])).await.unwrap();
    }
    let tree = place
        .tree(&place.studies().await[0], &Layout::Folders(Names::Anonymous))
        .await;
    let hash = place.hashes().await.into_iter().next().unwrap().to_string();
    let path = folder
        .path()
        .join(format!("storage/objects/{}/{hash}", &hash[..2]));
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let to = folder.path().join("damaged.zip");
    let given = write_file(zip::stream(place.storage.clone(), tree, Packing::Stored), &to).await;
    assert!(!to.exists(), "a zip that is not whole stays");
    assert!(matches!(
        given,
        Err(Error::Storage(crate::storage::Error::Damaged { .. }))
    ));
}

#[tokio::test]
async fn import_tells_of_every_file() {
    let folder = TestFolder::new("media");
    let place = Place::new(&folder.path().join("archive")).await;
    let from = folder.path().join("from");
    std::fs::create_dir_all(from.join("deep/deeper")).unwrap();
    let good = object(dicom_dictionary_std::uids::BASIC_TEXT_SR_STORAGE, 1, &[]);
    std::fs::write(from.join("deep/deeper/NOEXTENSION"), &good).unwrap();
    std::fs::write(from.join("same.txt"), &good).unwrap();
    std::fs::write(from.join("note.txt"), "not DICOM").unwrap();
    std::fs::write(from.join("empty.dcm"), "").unwrap();
    std::fs::write(from.join("cut.dcm"), &good[..good.len() - 1]).unwrap();
    std::fs::write(from.join("broken.zip"), b"PK\x03\x04 and no more").unwrap();
    std::os::unix::fs::symlink("/etc", from.join("link")).unwrap();
    let (report, fates) = place.import(&from).await;
    let expected = Report {
        stored: 1,
        duplicates: 1,
        different_duplicates: 0,
        refused: 3,
        left_out: 2,
    };
    assert_eq!(report, expected, "{fates:?}");
}

/// Memory must not grow with what is streamed: the tree is kept, the bytes are not.
#[tokio::test]
async fn a_thousand_objects_flow_through_a_few_pieces() {
    let folder = TestFolder::new("media");
    let place = Place::new(folder.path()).await;
    let class = dicom_dictionary_std::uids::RAW_DATA_STORAGE;
    let receipt = place.ingest.take(&object(class, 1, &[])).await.unwrap();
    let crate::ingest::Outcome::Stored(receipt) = receipt else {
        unreachable!("it is new")
    };
    let files = (1..=1000).map(|number| super::File {
        path: format!("DICOM/ST000001/SE000001/IM{number:06}"),
        content: super::Content::Object {
            hash: receipt.object.hash,
            size: receipt.object.size,
            stored_size: receipt.object.size,
            overlays: [].into(),
            is_compressed: false,
            is_made_explicit: false,
        },
    });
    let tree = Tree {
        files: files.collect(),
        name: None,
    };
    let image = Image::new(tree, "DICOM").unwrap();
    let size = image.size();
    let mut pieces = image.stream(place.storage.clone());
    let mut bytes = 0;
    let mut largest = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.unwrap();
        bytes += piece.len() as u64;
        if bytes > 1 << 20 {
            largest = largest.max(piece.len());
        }
    }
    assert_eq!(bytes, size);
    assert!(largest <= 256 << 10, "a piece of {largest} bytes");
}

/// Records of images: the file, and the transfer syntax that the record names.
fn records(directory: &Path) -> Vec<(PathBuf, String)> {
    use dicom_dictionary_std::tags;
    let bytes = std::fs::read(directory.join("DICOMDIR")).unwrap();
    let object = codec::dataset::read(&bytes, codec::dataset::Limits::default()).unwrap();
    let sequence = object.data_set.get(tags::DIRECTORY_RECORD_SEQUENCE).unwrap();
    let records = sequence.items().unwrap().iter().filter_map(|record| {
        let file = record.get(tags::REFERENCED_FILE_ID)?;
        let file: PathBuf = file
            .to_multi_str()
            .unwrap()
            .iter()
            .map(|part| part.trim().to_owned())
            .collect();
        let syntax = record.get(tags::REFERENCED_TRANSFER_SYNTAX_UID_IN_FILE)?;
        let syntax = syntax.to_str().unwrap().trim_end_matches('\0').to_owned();
        Some((directory.join(file), syntax))
    });
    records.collect()
}

/// What the frames of an object decode to.
fn values(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let object = codec::dataset::read(bytes, codec::dataset::Limits::default()).ok()?;
    let location = object.pixels.as_ref()?;
    let value = match location.announced {
        None => codec::pixels::PixelValue::Encapsulated(&object.bytes[location.range.clone()]),
        Some(_) => codec::pixels::PixelValue::Native {
            bytes: &object.bytes[location.range.clone()],
            vr: location.vr,
        },
    };
    let syntax = object.transfer_syntax?;
    let (data, _) = codec::pixels::PixelData::new(&object.data_set, syntax, location.kind, value).ok()?;
    (0..data.number_of_frames())
        .map(|frame| data.decode(frame).ok())
        .collect()
}

#[tokio::test]
async fn a_disc_is_uncompressed_unless_asked_for_as_received() {
    let Some(data) = shared_data::set("codecs") else {
        return;
    };
    let explicit = codec::TransferSyntax::ExplicitLittleEndian.uid();
    let folder = TestFolder::new("media");
    let place = Place::new(&folder.path().join("archive")).await;
    place.import(&data).await;
    let (mut made, mut kept) = (0, 0);
    for (number, study) in place.studies().await.iter().enumerate() {
        let discs = [("as", Layout::FileSetAsReceived), ("explicit", Layout::FileSet)];
        let discs = discs.map(|(name, layout)| (folder.path().join(format!("{name}-{number}")), layout));
        for (to, layout) in &discs {
            let tree = place.tree(study, layout).await;
            write_folder(&place.storage, &tree, to).await.unwrap();
            for file in &tree.files {
                let size = std::fs::metadata(to.join(&file.path)).unwrap().len();
                assert_eq!(size, file.content.size(), "{}", file.path);
            }
        }
        for ((received, was), (path, syntax)) in records(&discs[0].0).into_iter().zip(records(&discs[1].0)) {
            let (received, bytes) = (std::fs::read(received).unwrap(), std::fs::read(path).unwrap());
            let object = codec::dataset::read(&bytes, codec::dataset::Limits::default()).unwrap();
            assert_eq!(object.transfer_syntax_uid, syntax);
            if syntax == explicit {
                made += u32::from(was != explicit);
                if let Some(expected) = values(&received) {
                    assert!(values(&bytes) == Some(expected), "{was}");
                }
            } else {
                // What nobody here decodes stays, and its record says so.
                assert!(received == bytes && syntax == was);
                kept += 1;
            }
        }
    }
    assert!(made > 30 && kept < made / 4, "{made} made explicit, {kept} kept");
}
