//! What people are told by SMS.

use super::*;

/// What the outbox holds for a number.
async fn told(site: &Site) -> BTreeSet<String> {
    let rows = database::Sql::new("SELECT template FROM outbox")
        .all(site.platform.readers())
        .await;
    rows.unwrap().iter().map(|row| row.get(0).unwrap()).collect()
}

#[tokio::test]
async fn people_are_told_by_sms_what_was_decided_about_them() {
    let site = Site::new().await;
    let officer = site.officer("accounts").await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    for (mobile, path, reason) in [(NEW, "approve", ""), ("13700000002", "reject", "证件不清")] {
        let browser = site.browser();
        let page = browser.get("/register").await;
        let (token, shown) = site.read_captcha(&page).await;
        let fields = [
            ("kind", "doctor"),
            ("name", "孙医生"),
            ("mobile", mobile),
            ("hospital", "第一医院"),
            ("department", "核医学科"),
            ("title", "主治医师"),
            ("password", PASSWORD),
            ("again", PASSWORD),
            ("captcha_token", &token),
            ("captcha", &shown),
        ];
        browser
            .post("/register", &fields)
            .await
            .leads_to("/register/sent");
        let id = site
            .count(&format!("SELECT id FROM people WHERE mobile = '{mobile}'"))
            .await;
        let accounts = format!("/platform/accounts/{id}");
        officer
            .post(&format!("{accounts}/{path}"), &[("reason", reason)])
            .await
            .leads_to(&accounts);
        let (state, to, words) = last(&site.platform).await;
        assert_eq!((state.as_str(), to.as_str()), ("not-connected", mobile));
        assert!(words.contains("注册") && !words.contains("证件"), "{words}");
    }
    let administrator = site.administrator(hospital).await;
    let role = site.initial_role(hospital).await.to_string();
    let fields = [
        ("name", "周技师"),
        ("mobile", "13700000003"),
        ("role", role.as_str()),
    ];
    administrator.post("/members", &fields).await.is(200);
    let (_, to, words) = last(&site.platform).await;
    assert_eq!(to, "13700000003");
    // The first password is handed over in person.
    assert!(words.starts_with("第一医院 已为您开通账号"), "{words}");
    let (invited, mobile) = site.account("吴医生").await;
    administrator
        .post("/members/invite", &[("mobile", &mobile), ("role", &role)])
        .await
        .leads_to("/members");
    let (_, to, words) = last(&site.platform).await;
    assert_eq!(to, mobile);
    assert!(words.starts_with("第一医院 邀请您加入"), "{words}");
    let accounts = format!("/platform/accounts/{invited}");
    officer.post(&format!("{accounts}/reset"), &[]).await.is(200);
    officer
        .post(&format!("{accounts}/close"), &[("reason", "离职")])
        .await
        .leads_to(&accounts);
    let (_, to, words) = last(&site.platform).await;
    assert_eq!(
        (to.as_str(), words.as_str()),
        (mobile.as_str(), "您的账号已注销。")
    );
    let expected = [
        "account-closed",
        "account-reset",
        "invited",
        "member-added",
        "registration-approved",
        "registration-rejected",
    ];
    assert_eq!(told(&site).await, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn messages_are_in_the_language_of_the_pages() {
    let site = Site::new().await;
    let (account, _) = site.account("Wang").await;
    let own = site.signed_in(account, None).await;
    own.post("/language", &[("language", "en"), ("to", "/")])
        .await
        .leads_to("/");
    let officer = site.officer("accounts").await;
    officer
        .post(&format!("/platform/accounts/{account}/reset"), &[])
        .await
        .is(200);
    assert!(
        last(&site.platform)
            .await
            .2
            .starts_with("An administrator has reset")
    );
}
