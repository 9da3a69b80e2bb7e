//! Programs as the security administrator lets them in.

use super::*;
use crate::permissions::Kind;

fn fields<'a>(organisation: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("name", "骨扫描助手"),
        ("organisation", organisation),
        ("kind", "confidential"),
        ("redirect_uris", "https://app.example/back"),
        ("grant_types", "authorization_code"),
        ("grant_types", "refresh_token"),
        ("grant_types", "client_credentials"),
        ("scopes", "studies.find"),
        ("scopes", "openid"),
    ];
    fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    fields.extend(more);
    fields
}

/// What stands in `code.long` of a page.
fn secret(page: &Page) -> String {
    let rest = page
        .text
        .split("<code class=\"long\">")
        .nth(1)
        .unwrap_or_else(|| panic!("{}", page.text));
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_program_is_let_in_changed_given_a_new_secret_and_shut_out() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let officer = site.officer("clients").await;
    let number = here.to_string();
    let page = officer
        .post(
            "/platform/clients",
            &fields(&number, &[("once", "once-and-once")]),
        )
        .await;
    page.is(200);
    let shown = secret(&page);
    assert_eq!(shown.len(), 43);
    // Sent again it does nothing more, and the secret is not shown again.
    let again = officer
        .post(
            "/platform/clients",
            &fields(&number, &[("once", "once-and-once")]),
        )
        .await;
    again.is(303);
    let address = again.location.clone();
    assert!(address.starts_with("/platform/clients/"));
    let page = officer.get(&address).await;
    page.is(200);
    assert!(!page.text.contains(&shown) && page.text.contains("https://app.example/back"));
    assert_eq!(site.count("SELECT COUNT(*) FROM clients").await, 1);
    let kept = format!(
        "SELECT COUNT(*) FROM clients WHERE secret = '{}'",
        secrets::kept(&shown)
    );
    assert_eq!(site.count(&kept).await, 1);
    let row = database::Sql::new("SELECT client_id FROM clients")
        .one(site.platform.readers())
        .await
        .unwrap();
    let client_id: String = row.unwrap().get(0).unwrap();
    let token = async |secret: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id.as_str()),
            ("client_secret", secret),
        ];
        site.browser()
            .post_with("/oauth/token", &fields, &[])
            .await
            .status
            .as_u16()
    };
    assert_eq!(token(&shown).await, 200);
    let page = officer.post(&format!("{address}/secret"), &[]).await;
    page.is(200);
    let next = secret(&page);
    assert_eq!((token(&shown).await, token(&next).await), (401, 200));
    let edited = [
        ("name", "助手二"),
        (
            "redirect_uris",
            "https://app.example/b\nhttps://app.example/a\n\nhttps://app.example/b",
        ),
        ("grant_types", "authorization_code"),
        ("scopes", "studies.view"),
    ];
    officer
        .post(&format!("{address}/edit"), &edited)
        .await
        .leads_to(&address);
    let page = officer.get(&format!("{address}/edit")).await;
    assert_eq!(page.value("name"), "助手二");
    assert_eq!(token(&next).await, 400);
    let found = store::by_client_id(site.platform.readers(), &client_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        found.redirect_uris,
        ["https://app.example/b", "https://app.example/a"]
    );
    officer.post(&format!("{address}/enable"), &[]).await.is(409);
    officer
        .post(&format!("{address}/disable"), &[])
        .await
        .leads_to(&address);
    officer.post(&format!("{address}/disable"), &[]).await.is(409);
    assert_eq!(token(&next).await, 401);
    let list = officer.get("/platform/clients?q=zhushou").await;
    assert!(list.text.contains("助手二") && list.text.contains("已停用"));
    assert!(
        !officer
            .get("/platform/clients?q=nothing")
            .await
            .text
            .contains("助手二")
    );
    for kind in [
        "client.added",
        "client.secret-made",
        "client.changed",
        "client.disabled",
    ] {
        let entries = site.entries(kind).await;
        assert_eq!(entries[0].subject, Some(format!("client:{client_id}")), "{kind}");
        let detail = entries[0].detail.clone().unwrap_or_default();
        assert!(!detail.contains(&shown) && !detail.contains(&next));
    }
}

#[tokio::test]
async fn a_program_without_a_secret_has_none() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let officer = site.officer("clients").await;
    let number = here.to_string();
    let public = [
        ("kind", "public"),
        ("redirect_uris", "http://127.0.0.1/back"),
        ("grant_types", "authorization_code"),
    ];
    let page = officer.post("/platform/clients", &fields(&number, &public)).await;
    page.is(303);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM clients WHERE secret IS NULL")
            .await,
        1
    );
    officer
        .post(&format!("{}/secret", page.location), &[])
        .await
        .is(409);
}

#[tokio::test]
async fn each_wrong_field_says_what_is_wrong_and_nothing_is_kept() {
    let site = Site::new().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let own = site.own().await.to_string();
    let officer = site.officer("clients").await;
    let number = here.to_string();
    let long = "长".repeat(61);
    let many = (0..21)
        .map(|n| format!("https://app.example/{n}"))
        .collect::<Vec<_>>()
        .join("\n");
    let far = format!("https://app.example/{}", "a".repeat(500));
    for (more, words) in [
        (&[("name", "")][..], "请填写此项"),
        (&[("name", long.as_str())], "最多 60 个字符"),
        (&[("name", "<script>alert(1)</script>")], "只能使用文字"),
        (&[("name", "'; DROP TABLE clients; --")], "只能使用文字"),
        (&[("name", "-cmd")], "不能以 = + - @ 开头"),
        (&[("name", "助\u{202E}手")], "不可见或控制字符"),
        (&[("organisation", "")], "请从列表中选择"),
        (&[("organisation", "999999")], "请从列表中选择"),
        (&[("organisation", own.as_str())], "请从列表中选择"),
        (&[("organisation", "1 OR 1=1")], "请从列表中选择"),
        (&[("kind", "trusted")], "请从列表中选择"),
        (&[("redirect_uris", "")], "请填写此项"),
        (&[("redirect_uris", "http://app.example/back")], "地址须以 https"),
        (&[("redirect_uris", "https://app.example/back#x")], "不能含有 #"),
        (&[("redirect_uris", "javascript:alert(1)")], "完整、规范的地址"),
        (&[("redirect_uris", "=cmd|x")], "完整、规范的地址"),
        (&[("redirect_uris", many.as_str())], "最多 20 个"),
        (&[("redirect_uris", far.as_str())], "地址过长"),
        (&[("grant_types", "password")], "请从列表中选择"),
        (&[("grant_types", "")], "请从列表中选择"),
        (&[("grant_types", "refresh_token")], "续期须与用户授权一并选择"),
        (&[("kind", "public")], "没有密钥的程序不能以自身身份访问"),
        (&[("scopes", "everything")], "请从列表中选择"),
    ] {
        let page = officer.post("/platform/clients", &fields(&number, more)).await;
        page.is(422);
        assert!(page.text.contains(words), "{more:?}: {}", page.text);
        let typed = more[0].1;
        if more[0].0 == "name" {
            assert_eq!(unescaped(&page.value("name")), typed);
        }
        assert!(!page.text.contains("<script>alert"));
        assert!(!page.text.contains("class=\"long\""));
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM clients").await, 0);
    assert_eq!(site.entries("client.added").await.len(), 0);
    officer.get("/platform/clients/999").await.is(404);
    let page = officer.post("/platform/clients", &fields(&number, &[])).await;
    page.is(200);
    let id = site.count("SELECT MAX(id) FROM clients").await;
    let edit = [
        ("name", ""),
        ("redirect_uris", "nonsense"),
        ("grant_types", "authorization_code"),
    ];
    let page = officer.post(&format!("/platform/clients/{id}/edit"), &edit).await;
    page.is(422);
    assert!(page.text.contains("nonsense") && page.text.contains("请填写此项"));
}
