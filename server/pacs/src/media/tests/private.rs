//! De-identified objects on their way out: nobody is named, and what may name somebody stays.

use super::{Place, drained, extracted, object, peer};
use crate::deidentify::{Key, Request};
use crate::media::iso::Image;
use crate::media::zip::{self, Packing};
use crate::media::{Content, Error, Layout, Names, Private, Tree, deidentified};
use crate::test_folder::TestFolder;

#[tokio::test]
async fn de_identified_zips_name_nobody_and_list_what_stayed() {
    let folder = TestFolder::new("media");
    let place = Place::new(&folder.path().join("archive")).await;
    use dicom_dictionary_std::uids;
    for (number, class) in [
        (1, uids::BASIC_TEXT_SR_STORAGE),
        (2, uids::ENCAPSULATED_PDF_STORAGE),
    ] {
        place.ingest.take(&object(class, number, &[])).await.unwrap();
    }
    let tree = place
        .tree(&place.studies().await[0], &Layout::Folders(Names::Anonymous))
        .await;
    let private = Private {
        key: Key::new([7; 32]),
        request: Request::default(),
        with_directory: false,
    };
    let bytes = drained(zip::deidentified(
        place.storage.clone(),
        tree,
        Packing::Stored,
        private,
    ))
    .await
    .unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!holds("张") && !holds("Zhang") && !holds("TEST-1") && !holds("2.25.7000"));
    assert!(holds("DICOM/001/000001.dcm"));
    assert!(holds(
        "DICOM/001/000002.dcm: 文档可能含有患者信息 | a document may name the patient"
    ));
    let to = folder.path().join("private.zip");
    std::fs::write(&to, &bytes).unwrap();
    let other = Place::new(&folder.path().join("other")).await;
    let (report, fates) = other.import(&to).await;
    assert_eq!((report.stored, report.left_out), (1, 1), "{fates:?}");
}

/// An archive of a text, which may leave, and of a document, which may not.
async fn text_and_document(folder: &TestFolder) -> Place {
    use dicom_dictionary_std::uids;
    let place = Place::new(&folder.path().join("archive")).await;
    for (number, class) in [
        (1, uids::BASIC_TEXT_SR_STORAGE),
        (2, uids::ENCAPSULATED_PDF_STORAGE),
    ] {
        place.ingest.take(&object(class, number, &[])).await.unwrap();
    }
    place
}

async fn private_tree(place: &Place) -> Tree {
    let private = Private {
        key: Key::new([7; 32]),
        request: Request::default(),
        with_directory: true,
    };
    let tree = place.tree(&place.studies().await[0], &Layout::FileSet).await;
    deidentified(&place.storage, tree, private).await.unwrap()
}

#[tokio::test]
async fn a_de_identified_disc_names_nobody_and_lists_what_stayed() {
    let folder = TestFolder::new("media");
    let place = text_and_document(&folder).await;
    let tree = private_tree(&place).await;
    let paths: Vec<&str> = tree.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        ["DICOMDIR", "LEFTOUT.TXT", "DICOM/ST000001/SE000001/IM000001"]
    );
    let image = Image::new(tree, "DICOM").unwrap();
    let size = image.size();
    let bytes = drained(image.stream(place.storage.clone())).await.unwrap();
    assert_eq!(bytes.len() as u64, size);
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!holds("张") && !holds("Zhang") && !holds("TEST-1") && !holds("2.25.7000"));
    assert!(holds("DICOM/ST000001/SE000001/IM000002: 文档可能含有患者信息"));
    let (iso, disc) = (folder.path().join("disc.iso"), folder.path().join("disc"));
    std::fs::write(&iso, &bytes).unwrap();
    if !extracted(&iso, &disc) {
        return;
    }
    let other = Place::new(&folder.path().join("other")).await;
    let (report, fates) = other.import(&disc).await;
    assert_eq!((report.stored, report.left_out), (1, 2), "{fates:?}");
}

#[tokio::test]
async fn a_disc_ends_early_where_an_object_is_no_longer_what_it_was() {
    let folder = TestFolder::new("media");
    let place = text_and_document(&folder).await;
    let mut tree = private_tree(&place).await;
    for file in &mut tree.files {
        if let Content::Made { made, .. } = &mut file.content {
            made.0[0] ^= 1;
        }
    }
    let image = Image::new(tree, "DICOM").unwrap();
    let given = drained(image.stream(place.storage.clone())).await;
    assert!(matches!(given, Err(Error::Interrupted)));
    // And where its bytes are damaged, nothing is laid out.
    let hash = place.hashes().await.into_iter().next().unwrap().to_string();
    let path = folder
        .path()
        .join(format!("archive/storage/objects/{}/{hash}", &hash[..2]));
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let private = Private {
        key: Key::new([7; 32]),
        request: Request::default(),
        with_directory: true,
    };
    let tree = place.tree(&place.studies().await[0], &Layout::FileSet).await;
    let made = deidentified(&place.storage, tree, private).await;
    assert!(matches!(
        made,
        Err(Error::Storage(crate::storage::Error::Damaged { .. }))
    ));
}

#[tokio::test]
async fn a_real_study_leaves_de_identified_on_a_disc_that_other_programs_accept() {
    let Some(data) = shared_data::set("petct") else {
        return;
    };
    let folder = TestFolder::new("media");
    let place = Place::new(&folder.path().join("archive")).await;
    place.import(&data).await;
    let objects = place.hashes().await.len();
    let tree = private_tree(&place).await;
    let files = tree.files.len();
    let image = Image::new(tree, "DICOM").unwrap();
    let bytes = drained(image.stream(place.storage.clone())).await.unwrap();
    let (iso, disc) = (folder.path().join("disc.iso"), folder.path().join("disc"));
    std::fs::write(&iso, bytes).unwrap();
    if !extracted(&iso, &disc) {
        return;
    }
    let other = Place::new(&folder.path().join("other")).await;
    let (report, fates) = other.import(&disc).await;
    assert!(
        report.stored > 0 && report.stored as usize <= objects,
        "{fates:?}"
    );
    assert!(files > report.stored as usize);
    assert!(other.hashes().await.is_disjoint(&place.hashes().await));
    if let Some(said) = peer("dcentvfy", &[disc.join("DICOMDIR").to_str().unwrap()]) {
        assert!(!said.contains("Error"), "{said}");
    }
}
