//! The own mobile number, forgotten passwords, addresses of e-mail.

use base64::Engine as _;

use super::*;

#[tokio::test]
async fn the_own_number_is_changed_with_the_password_and_a_code_sent_to_the_new_one() {
    let site = Site::new().await;
    let (account, old) = site.account("王医生").await;
    let (_, taken) = site.account("李医生").await;
    let own = site.signed_in(account, None).await;
    assert!(
        own.get("/profile")
            .await
            .text
            .contains("href=\"/profile/mobile\"")
    );
    own.post("/profile/mobile", &[("mobile", NEW), ("current", "wrong")])
        .await
        .is(422);
    own.post("/profile/mobile", &[("mobile", &old), ("current", PASSWORD)])
        .await
        .is(422);
    assert_eq!(site.count("SELECT COUNT(*) FROM outbox").await, 0);
    let fields = [("mobile", NEW), ("current", PASSWORD)];
    own.post("/profile/mobile", &fields)
        .await
        .leads_to("/profile/mobile/code");
    let (_, to, _) = last(&site.platform).await;
    assert_eq!(to, NEW);
    let code = last_code(&site.platform).await;
    // Not before the code was typed, and by nobody else.
    let other = site.signed_in(site.account("赵医生").await.0, None).await;
    let cookie = own.cookie("uptake_code").unwrap();
    other
        .cookies
        .lock()
        .unwrap()
        .insert("uptake_code".to_owned(), cookie);
    other
        .post("/profile/mobile/code", &[("code", &code)])
        .await
        .is(422);
    own.post("/profile/mobile/code", &[("code", &code)])
        .await
        .leads_to("/profile");
    assert!(own.get("/profile").await.text.contains(NEW));
    assert!(own.cookie("uptake_code").is_none());
    let (_, to, words) = last(&site.platform).await;
    assert_eq!(to, old);
    assert!(words.contains("已更换手机号"), "{words}");
    let entry = &site.entries("account.mobile-changed").await[0];
    assert_eq!(entry.detail, None);
    // Another's number: the same answers, no code, and its owner is told.
    site.pass(MINUTE_NS);
    let fields = [("mobile", taken.as_str()), ("current", PASSWORD)];
    own.post("/profile/mobile", &fields)
        .await
        .leads_to("/profile/mobile/code");
    let (_, to, words) = last(&site.platform).await;
    assert_eq!(to, taken);
    assert!(words.contains("您已有账号"));
    own.post("/profile/mobile/code", &[("code", &code)]).await.is(422);
    let signed = site.browser();
    signed.sign_in(NEW, PASSWORD).await.is(303);
}

async fn connected() -> (Stub, Stub, Site) {
    let words: [(&str, &[&str]); 1] = [("code", &["code"])];
    let (sms, account) = Stub::sms(Service::Aliyun, &words, MONDAY_NS).await;
    let (mail, server) = Stub::mail().await;
    let site = Site::with(Settings {
        sms: Some(account),
        mail: Some(server),
        public_url: Some("https://uptake.example".to_owned()),
        ..Settings::default()
    })
    .await;
    (sms, mail, site)
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_with_a_code_that_is_good_once() {
    let (sms, _, site) = connected().await;
    let (account, mobile) = site.account("王医生").await;
    let held = site.signed_in(account, None).await;
    let browser = site.browser();
    let fields = [("mobile", mobile.as_str()), ("way", "sms")];
    ask(&site, &browser, "/forgotten", &fields)
        .await
        .leads_to("/forgotten/code");
    work_off(&site.platform).await;
    let taken = sms.taken();
    assert_eq!((taken.len(), taken[0].to.as_str()), (1, mobile.as_str()));
    let code = taken[0].parameters["code0"].as_str().unwrap().to_owned();
    let fields = [
        ("code", code.as_str()),
        ("password", "Another_1"),
        ("again", "Another_1"),
    ];
    // The password that it was is none; what was typed of the code is kept.
    let page = browser
        .post(
            "/forgotten/code",
            &[("code", &code), ("password", PASSWORD), ("again", PASSWORD)],
        )
        .await;
    page.is(422);
    assert_eq!(page.value("code"), code);
    let cookies = browser.cookies.lock().unwrap().clone();
    browser
        .post("/forgotten/code", &fields)
        .await
        .leads_to("/sign-in");
    // Sessions have ended, the code too.
    assert_eq!(held.get("/profile").await.status.as_u16(), 303);
    *browser.cookies.lock().unwrap() = cookies;
    browser.post("/forgotten/code", &fields).await.is(422);
    site.browser().sign_in(&mobile, "Another_1").await.is(303);
    // A number that nobody has: the same answers, nothing is sent.
    let stranger = site.browser();
    let page = ask(&site, &stranger, "/forgotten", &[("mobile", NEW), ("way", "sms")]).await;
    page.leads_to("/forgotten/code");
    stranger.get("/forgotten/code").await.is(200);
    stranger
        .post(
            "/forgotten/code",
            &[
                ("code", "123456"),
                ("password", "Another_2"),
                ("again", "Another_2"),
            ],
        )
        .await
        .is(422);
    work_off(&site.platform).await;
    assert_eq!(sms.taken().len(), 1);
    // Nobody is asked to do by hand what was done.
    assert_eq!(site.count("SELECT COUNT(*) FROM notifications").await, 0);
}

#[tokio::test]
async fn a_link_by_mail_goes_only_to_an_address_that_was_shown_to_be_the_persons() {
    let (_, mail, site) = connected().await;
    let (account, mobile) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    let email = async |address: &str| {
        let fields = [
            ("name", "王医生"),
            ("sex", ""),
            ("email", address),
            ("reading_tool", "v3"),
            ("default_organisation", ""),
        ];
        own.post("/profile", &fields).await.leads_to("/profile");
    };
    let forgotten = async || {
        site.pass(MINUTE_NS);
        let fields = [("mobile", mobile.as_str()), ("way", "mail")];
        ask(&site, &site.browser(), "/forgotten", &fields)
            .await
            .leads_to("/forgotten/sent");
        work_off(&site.platform).await;
        mail.mails().len()
    };
    own.post("/profile/email", &[]).await.is(409);
    email("wang@hospital.example").await;
    assert_eq!(forgotten().await, 0, "not shown to be the person's");
    own.post("/profile/email", &[]).await.leads_to("/profile");
    work_off(&site.platform).await;
    let path = link(&mail.mails()[0], "/email/");
    // Opening the link alone, as programs do, confirms nothing.
    site.browser().get(&path).await.is(200);
    assert_eq!(forgotten().await, 1);
    site.browser().post(&path, &[]).await.leads_to("/profile");
    site.browser().get(&path).await.is(410);
    site.browser().post(&path, &[]).await.is(410);
    assert!(own.get("/profile").await.text.contains("已验证"));
    assert_eq!(forgotten().await, 2);
    let first = link(&mail.mails()[1], "/reset/");
    assert_eq!(forgotten().await, 3);
    // The next one ends the one before; a link lasts half an hour and is good once.
    site.browser().get(&first).await.is(410);
    let path = link(&mail.mails()[2], "/reset/");
    let fields = [("password", "Another_1"), ("again", "Another_1")];
    site.browser().post(&path, &fields).await.leads_to("/sign-in");
    site.browser().post(&path, &fields).await.is(410);
    assert_eq!(forgotten().await, 4);
    let path = link(&mail.mails()[3], "/reset/");
    site.pass(30 * MINUTE_NS);
    site.browser().get(&path).await.is(410);
    // Another address is not shown to be anybody's.
    let own = site.signed_in(account, None).await;
    let fields = [
        ("name", "王医生"),
        ("sex", ""),
        ("email", "li@hospital.example"),
        ("reading_tool", "v3"),
        ("default_organisation", ""),
    ];
    own.post("/profile", &fields).await.leads_to("/profile");
    assert_eq!(forgotten().await, 4);
}

#[tokio::test]
async fn an_address_that_was_changed_meanwhile_is_not_confirmed_by_the_link_to_the_other() {
    let (_, mail, site) = connected().await;
    let (account, _) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    for address in ["wang@hospital.example", "li@hospital.example"] {
        let fields = [
            ("name", "王医生"),
            ("sex", ""),
            ("email", address),
            ("reading_tool", "v3"),
            ("default_organisation", ""),
        ];
        own.post("/profile", &fields).await.leads_to("/profile");
        if address.starts_with("wang") {
            own.post("/profile/email", &[]).await.leads_to("/profile");
        }
    }
    work_off(&site.platform).await;
    let path = link(&mail.mails()[0], "/email/");
    site.browser().post(&path, &[]).await.is(410);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM people WHERE email_verified_ns IS NOT NULL")
            .await,
        0
    );
}

/// The path of a link in a mail, whose text may be written in Base64 or quoted-printable.
fn link(mail: &str, begins: &str) -> String {
    let (headers, body) = mail.split_once("\n\n").unwrap();
    let body = match headers.contains("Content-Transfer-Encoding: base64") {
        false => body.replace("=\n", "").replace("=3D", "="),
        true => {
            let plain: String = body.split_whitespace().collect();
            let bytes = base64::engine::general_purpose::STANDARD.decode(plain).unwrap();
            String::from_utf8(bytes).unwrap()
        }
    };
    let (_, rest) = body
        .split_once("https://uptake.example")
        .expect("a link of the site's own address");
    let path: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "/-_".contains(*c))
        .collect();
    assert!(path.starts_with(begins), "{path}");
    path
}

#[tokio::test]
async fn a_link_never_leads_where_a_request_says_that_the_site_is() {
    // Without the site's own address no link is sent by mail, whoever asks.
    let (mail, server) = Stub::mail().await;
    let site = Site::with(Settings {
        mail: Some(server),
        ..Settings::default()
    })
    .await;
    let (account, mobile) = site.account("王医生").await;
    let own = site.signed_in(account, None).await;
    own.post("/profile/email", &[]).await.is(409);
    ask(&site, &site.browser(), "/forgotten", &[("mobile", &mobile)])
        .await
        .leads_to("/forgotten/sent");
    work_off(&site.platform).await;
    assert_eq!(mail.mails().len(), 0);
    // The administrators are asked, as where nothing is connected.
    assert_eq!(site.entries("account.reset-asked").await.len(), 1);
}
