//! Downloads over HTTP: status, length, name.

use super::{Place, object};
use crate::test_folder::TestFolder;

#[tokio::test]
async fn downloads_have_their_length_and_a_name_of_every_script() {
    use tower::ServiceExt;
    let folder = TestFolder::new("media");
    let place = Place::new(folder.path()).await;
    let class = dicom_dictionary_std::uids::BASIC_TEXT_SR_STORAGE;
    for number in 1..=3 {
        place.ingest.take(&object(class, number, &[])).await.unwrap();
    }
    let archive = crate::services::Archive::new(
        place.ingest.clone(),
        place.index.clone(),
        place.storage.clone(),
        "UPTAKE",
        Default::default(),
    );
    let app = crate::http::App::new(archive, std::sync::Arc::new(crate::access::Open));
    let router = crate::http::router(app);
    for (uri, status, name) in [
        ("2.25.7000/zip", 200, "UTF-8''study.zip"),
        (
            "2.25.7000/zip?names=plain&series=2.25.8000",
            200,
            "UTF-8''%E5%BC%A0%E4%B8%89%20TEST-1%2020260304.zip",
        ),
        (
            "2.25.7000/zip?names=%E4%BC%9A%E8%AF%8A",
            200,
            "UTF-8''%E4%BC%9A%E8%AF%8A.zip",
        ),
        (
            "2.25.7000/zip?dicomdir=true&deidentify=true",
            200,
            "UTF-8''study.zip",
        ),
        ("2.25.7000/zip?names=plain&deidentify=true", 400, ""),
        ("2.25.7000/iso", 200, "UTF-8''study.iso"),
        ("2.25.7000/iso?deidentify=true", 200, "UTF-8''study.iso"),
        ("2.25.7000/zip?series=2.25.1", 404, ""),
        ("2.25.1/zip", 404, ""),
        ("2.25.7000/zip?nonsense=1", 400, ""),
    ] {
        let request = axum::http::Request::get(format!("/archive/studies/{uri}"));
        let request = request.body(axum::body::Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{uri}");
        let headers = response.headers().clone();
        let text = |name| headers.get(name).map_or("", |value| value.to_str().unwrap());
        assert!(text("content-disposition").ends_with(name), "{uri}: {headers:?}");
        let body = axum::body::to_bytes(response.into_body(), 10 << 20)
            .await
            .unwrap();
        if status == 200 && !uri.contains("zip?dicomdir=true&deidentify") {
            assert_eq!(text("content-length"), body.len().to_string(), "{uri}");
        }
    }
}
