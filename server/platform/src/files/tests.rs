//! Pictures, through the router.

use axum::http::Method;
use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};

use super::picture::{decode, tests::png_of};
use crate::permissions::{Kind, Permission};
use crate::test_site::{Browser, Page, Site};

/// A picture of one colour, as PNG.
pub(crate) fn plain(width: u32, height: u32) -> Vec<u8> {
    png_of(RgbImage::from_pixel(width, height, Rgb([200, 30, 60])).into())
}

/// A drawing of a stroke, as PNG.
pub(crate) fn stroke(slope: u32) -> Vec<u8> {
    let drawn = RgbaImage::from_fn(300, 100, |x, y| {
        Rgba([0, 0, 0, if (x / slope).abs_diff(y) < 3 { 255 } else { 0 }])
    });
    png_of(DynamicImage::from(drawn))
}

/// The address that a page shows beside its QR code.
pub(crate) fn address_in(text: &str) -> String {
    let (_, rest) = text.split_once("<code class=\"long\">").unwrap();
    rest.split_once("</code>").unwrap().0.to_owned()
}

/// Posts a form with a file from a page of this site.
pub(crate) async fn send(browser: &Browser<'_>, path: &str, name: &str, file: &[u8]) -> Page {
    send_once(browser, path, name, file, "").await
}

pub(crate) async fn send_once(
    browser: &Browser<'_>,
    path: &str,
    name: &str,
    file: &[u8],
    once: &str,
) -> Page {
    let mut body = Vec::new();
    body.extend_from_slice(b"--limit\r\nContent-Disposition: form-data; name=\"once\"\r\n\r\n");
    body.extend_from_slice(once.as_bytes());
    let head = format!(
        "\r\n--limit\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"../../a.html\"\r\nContent-Type: text/html\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--limit--\r\n");
    let media_type = "multipart/form-data; boundary=limit".to_owned();
    browser
        .send_body(
            Method::POST,
            path,
            Some((body, media_type)),
            &[("sec-fetch-site", "same-origin")],
        )
        .await
}

#[tokio::test]
async fn a_picture_of_a_person_is_seen_by_whoever_works_with_the_person() {
    let site = Site::new().await;
    let (here, there) = (
        site.organisation(Kind::Hospital, "第一医院").await,
        site.organisation(Kind::Hospital, "第二医院").await,
    );
    let (account, _) = site.account("王小明").await;
    let role = site.role(here, &[Permission::StudiesView]).await;
    site.join(account, here, role).await;
    let own = site.signed_in(account, Some(here)).await;
    let address = format!("/people/{account}/avatar");
    own.get(&address).await.is(404);
    send(&own, "/profile/avatar", "avatar", &plain(800, 400))
        .await
        .leads_to("/profile");
    let page = own.get(&address).await;
    page.is(200);
    assert_eq!(page.headers["content-type"], "image/jpeg");
    let read = decode(&page.bytes).unwrap();
    assert_eq!((read.width(), read.height()), (256, 256));
    assert!(
        own.get("/profile")
            .await
            .text
            .contains(&format!("src=\"{address}\""))
    );
    // Whoever has it is not sent it again; another one is.
    let tag = page.headers["etag"].to_str().unwrap().to_owned();
    own.send(Method::GET, &address, None, &[("if-none-match", &tag)])
        .await
        .is(304);
    send(&own, "/profile/avatar", "avatar", &plain(100, 100))
        .await
        .leads_to("/profile");
    own.send(Method::GET, &address, None, &[("if-none-match", &tag)])
        .await
        .is(200);
    assert_eq!(site.count("SELECT COUNT(*) FROM files").await, 1);
    site.administrator(here).await.get(&address).await.is(200);
    site.administrator(there).await.get(&address).await.is(404);
    site.browser().get(&address).await.is(303);
    own.post("/profile/avatar/remove", &[]).await.leads_to("/profile");
    own.get(&address).await.is(404);
    assert_eq!(site.entries("picture.changed").await.len(), 2);
    assert_eq!(site.entries("picture.removed").await.len(), 1);
}

#[tokio::test]
async fn a_form_with_a_file_that_is_sent_twice_does_once_what_it_does() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let own = site.signed_in(account, None).await;
    for _ in 0..2 {
        send_once(
            &own,
            "/profile/avatar",
            "avatar",
            &plain(50, 50),
            "a-key-of-the-form",
        )
        .await
        .leads_to("/profile");
    }
    assert_eq!(site.entries("picture.changed").await.len(), 1);
}

#[tokio::test]
async fn what_is_no_picture_is_said_of_its_field_and_nothing_is_kept() {
    let site = Site::new().await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let browser = site.administrator(organisation).await;
    let whole = plain(300, 300);
    let cases: [(&[u8], &str); 6] = [
        (b"", "请选择文件"),
        (
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
            "请选择 PNG 或 JPEG",
        ),
        (b"<html><script>alert(1)</script>", "请选择 PNG 或 JPEG"),
        (b"PK\x03\x04", "请选择 PNG 或 JPEG"),
        (&whole[..whole.len() - 20], "图片已损坏"),
        (&vec![0xFF; crate::web::MAX_FILE + 1], "文件不能超过 10 MB"),
    ];
    for (bytes, words) in cases {
        for (path, name) in [
            ("/profile/avatar", "avatar"),
            ("/profile/documents/identity-card", "identity-card"),
            ("/profile/signature", "signature"),
            ("/organisation/pictures/logo", "logo"),
            ("/organisation/pictures/signature", "signature"),
        ] {
            let page = send(&browser, path, name, bytes).await;
            page.is(422);
            assert!(page.text.contains(words), "{path}: {words}");
            assert!(
                page.text.contains(&format!("aria-describedby=\"{name}")),
                "{path}"
            );
        }
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM files").await, 0);
    assert_eq!(site.entries("picture.changed").await.len(), 0);
}

#[tokio::test]
async fn an_organisations_pictures_are_its_administrators_to_change_and_its_members_to_see() {
    let site = Site::new().await;
    let (here, there) = (
        site.organisation(Kind::Hospital, "第一医院").await,
        site.organisation(Kind::Hospital, "第二医院").await,
    );
    let administrator = site.administrator(here).await;
    let member = site.member(here, &[Permission::StudiesView]).await;
    send(
        &administrator,
        "/organisation/pictures/logo",
        "logo",
        &plain(1280, 480),
    )
    .await
    .leads_to("/organisation/edit");
    send(&member, "/organisation/pictures/logo", "logo", &plain(10, 10))
        .await
        .is(403);
    let page = member.get("/organisation/pictures/logo").await;
    page.is(200);
    assert_eq!(page.headers["content-type"], "image/png");
    assert_eq!(decode(&page.bytes).unwrap().width(), 640);
    site.member(there, &[Permission::StudiesView])
        .await
        .get("/organisation/pictures/logo")
        .await
        .is(404);
    administrator
        .get("/organisation/pictures/passwords")
        .await
        .is(404);
    assert!(
        administrator
            .get("/organisation/edit")
            .await
            .text
            .contains("src=\"/organisation/pictures/logo\"")
    );
    administrator
        .post("/organisation/pictures/logo/remove", &[])
        .await
        .leads_to("/organisation/edit");
    member.get("/organisation/pictures/logo").await.is(404);
    // What a name of a field or of a file says is never part of an answer.
    let page = send(
        &administrator,
        "/organisation/pictures/logo",
        "x'><script>",
        b"no picture",
    )
    .await;
    page.is(422);
    assert!(!page.text.contains("<script>") && !page.text.contains("a.html"));
}

#[tokio::test]
async fn whoever_may_not_is_refused_before_anything_is_read() {
    let site = Site::new().await;
    let (account, _) = site.account("王小明").await;
    let browser = site.signed_in(account, None).await;
    // Not even a form: it is not looked at.
    for path in ["/organisation/pictures/logo", "/organisation/pictures/signature"] {
        let page = browser.post(path, &[]).await;
        page.leads_to("/workbench");
    }
    site.browser().post("/profile/avatar", &[]).await.is(303);
    browser.post("/profile/avatar", &[("avatar", "x")]).await.is(400);
}
