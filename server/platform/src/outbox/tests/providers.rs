//! Messages against stubs of providers.

use super::*;

#[tokio::test]
async fn alibaba_cloud_takes_what_is_signed_as_it_asks() {
    let (stub, site) = connected(Service::Aliyun).await;
    send_one(&site, Channel::Sms, MOBILE, "code", "k1").await;
    send_one(&site, Channel::Sms, MOBILE, "code", "k1").await;
    work_off(&site.platform).await;
    send_one(&site, Channel::Sms, "+85212345678", "code", "k2").await;
    work_off(&site.platform).await;
    let taken = stub.taken();
    assert_eq!(taken.len(), 2, "{:?}", stub.refused());
    assert_eq!(
        (taken[0].to.as_str(), taken[1].to.as_str()),
        (MOBILE, "85212345678")
    );
    assert_eq!(taken[0].template, "SMS_code");
    assert_eq!(taken[0].parameters, json!({ "code0": "314159", "minutes0": "5" }));
    assert_eq!(taken[0].key, "message k1");
    let (state, error, number) = state(&site, "k1").await;
    assert_eq!(
        (state.as_str(), error, number.as_deref()),
        ("sent", None, Some("90060^0"))
    );
    // Where it is connected codes are shown to nobody.
    let officer = site.officer("jobs").await;
    let page = officer.get("/platform/outbox/1/content").await;
    assert!(page.text.contains(MOBILE) && !page.text.contains("314159") && page.text.contains("••••••"));
}

#[tokio::test]
async fn tencent_cloud_takes_what_is_signed_as_it_asks() {
    let (stub, site) = connected(Service::Tencent).await;
    send_one(&site, Channel::Sms, MOBILE, "code", "k1").await;
    work_off(&site.platform).await;
    let taken = stub.taken();
    assert_eq!(taken.len(), 1, "{:?}", stub.refused());
    assert_eq!(taken[0].to, "+8613812345678");
    assert_eq!(taken[0].parameters, json!(["314159", "5"]));
    assert_eq!(taken[0].key, "message k1");
    assert_eq!(state(&site, "k1").await.2.as_deref(), Some("2028:f0"));
}

#[tokio::test]
async fn what_a_provider_says_decides_what_becomes_of_a_message() {
    for service in [Service::Aliyun, Service::Tencent] {
        let (stub, site) = connected(service).await;
        stub.meets(Meets::Busy);
        send_one(&site, Channel::Sms, MOBILE, "code", "busy").await;
        work_off(&site.platform).await;
        assert_eq!(state(&site, "busy").await.0, "waiting");
        stub.meets(Meets::Taken);
        site.pass(15 * SECOND_NS);
        work_off(&site.platform).await;
        assert_eq!(state(&site, "busy").await.0, "sent");
        stub.meets(Meets::Refused);
        send_one(&site, Channel::Sms, MOBILE, "code", "refused").await;
        work_off(&site.platform).await;
        let (state_now, error, _) = state(&site, "refused").await;
        assert_eq!(state_now, "failed");
        assert!(!error.unwrap().contains("138"));
        // Taken, and the answer lost: not again, whatever time passes.
        stub.meets(Meets::Lost);
        send_one(&site, Channel::Sms, MOBILE, "code", "lost").await;
        work_off(&site.platform).await;
        stub.meets(Meets::Taken);
        site.pass(10 * MINUTE_NS);
        work_off(&site.platform).await;
        assert_eq!(state(&site, "lost").await.0, "unknown");
        assert_eq!(
            (stub.taken().len(), job_state(&site).await),
            (2, "unknown".to_owned())
        );
    }
}

#[tokio::test]
async fn a_person_sends_again_what_nobody_knows() {
    let (stub, site) = connected(Service::Aliyun).await;
    stub.meets(Meets::Lost);
    send_one(&site, Channel::Sms, MOBILE, "code", "lost").await;
    work_off(&site.platform).await;
    stub.meets(Meets::Taken);
    let job = site.count("SELECT id FROM jobs").await;
    let officer = site.officer("jobs").await;
    officer
        .post(&format!("/platform/jobs/{job}/send-again"), &[])
        .await
        .leads_to(&format!("/platform/jobs/{job}"));
    assert_eq!(state(&site, "lost").await.0, "waiting");
    work_off(&site.platform).await;
    assert_eq!(state(&site, "lost").await.0, "sent");
    let taken = stub.taken();
    assert_eq!((taken.len(), &taken[0].key), (2, &taken[1].key));
}

#[tokio::test]
async fn a_wrong_key_or_an_old_time_sends_nothing() {
    for service in [Service::Aliyun, Service::Tencent] {
        let words: [(&str, &[&str]); 1] = [("code", &["code"])];
        let (stub, account) = Stub::sms(service, &words, MONDAY_NS).await;
        let site = with_sms(Sms {
            secret: "another".to_owned(),
            ..account.clone()
        })
        .await;
        send_one(&site, Channel::Sms, MOBILE, "code", "k").await;
        work_off(&site.platform).await;
        assert_eq!(state(&site, "k").await.0, "failed");
        assert!(stub.refused()[0].contains("Signature"));
        // A server whose clock is wrong is told so, and tries again.
        let site = with_sms(account).await;
        stub.at(MONDAY_NS + DAY_NS);
        send_one(&site, Channel::Sms, MOBILE, "code", "k").await;
        work_off(&site.platform).await;
        assert_eq!(state(&site, "k").await.0, "waiting");
        assert_eq!(stub.taken(), []);
        // By then it says nothing any more.
        site.pass(5 * MINUTE_NS);
        work_off(&site.platform).await;
        let (state, error, _) = state(&site, "k").await;
        assert_eq!((state.as_str(), error.as_deref()), ("failed", Some("too late")));
    }
}

#[tokio::test]
async fn a_request_that_comes_again_is_refused_by_its_nonce() {
    let words: [(&str, &[&str]); 1] = [("code", &["code"])];
    let (stub, account) = Stub::sms(Service::Aliyun, &words, MONDAY_NS).await;
    // Somebody between hands each request on twice.
    let url = account.url.clone();
    let twice = move |request: axum::extract::Request| {
        let url = url.clone();
        async move {
            let (parts, _) = request.into_parts();
            let client = reqwest::Client::new();
            let path = parts.uri.path_and_query().unwrap().to_string();
            let mut answer = String::new();
            for _ in 0..2 {
                let asked = client.post(format!("{url}{path}")).headers(parts.headers.clone());
                answer = asked.send().await.unwrap().text().await.unwrap();
            }
            answer
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let between = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        axum::serve(listener, axum::Router::new().fallback(twice))
            .await
            .unwrap()
    });
    let site = with_sms(Sms {
        url: between,
        ..account
    })
    .await;
    send_one(&site, Channel::Sms, MOBILE, "code", "k").await;
    work_off(&site.platform).await;
    assert_eq!(stub.taken().len(), 1);
    assert_eq!(stub.refused(), ["SignatureNonceUsed"]);
}

#[tokio::test]
async fn where_no_connection_is_made_nothing_was_sent_and_it_is_tried_again() {
    let words: [(&str, &[&str]); 1] = [("code", &["code"])];
    let (_, account) = Stub::sms(Service::Aliyun, &words, MONDAY_NS).await;
    let site = with_sms(Sms {
        url: "http://127.0.0.1:9".to_owned(),
        ..account
    })
    .await;
    send_one(&site, Channel::Sms, MOBILE, "code", "k").await;
    work_off(&site.platform).await;
    assert_eq!(state(&site, "k").await.0, "waiting");
    assert_eq!(
        site.count("SELECT COUNT(*) FROM jobs WHERE error = 'no connection' AND sent_ns IS NULL")
            .await,
        1
    );
}

#[tokio::test]
async fn a_template_that_the_provider_does_not_have_is_not_connected_and_the_page_says_so() {
    let (stub, site) = connected(Service::Tencent).await;
    send_one(&site, Channel::Sms, MOBILE, "invited", "k").await;
    work_off(&site.platform).await;
    let (state, error, _) = state(&site, "k").await;
    assert_eq!(
        (state.as_str(), error.as_deref()),
        ("not-connected", Some("no-template"))
    );
    assert_eq!(stub.taken(), []);
    let page = site.officer("jobs").await.get("/platform/outbox").await;
    assert!(
        page.text.contains("未配置模板") && page.text.contains("机构邀请"),
        "{}",
        page.text
    );
}

async fn mailing() -> (Stub, Site) {
    let (stub, account) = Stub::mail().await;
    let site = Site::with(Settings {
        mail: Some(account),
        public_url: Some("https://uptake.example".to_owned()),
        ..Settings::default()
    })
    .await;
    (stub, site)
}

#[tokio::test]
async fn a_server_of_mail_takes_what_an_account_sends() {
    let (stub, site) = mailing().await;
    send_one(&site, Channel::Mail, "wang@hospital.example", "reset-link", "m1").await;
    work_off(&site.platform).await;
    let (state_now, _, number) = state(&site, "m1").await;
    assert_eq!(state_now, "sent");
    let mail = stub.mails().remove(0);
    assert!(mail.starts_with("wang@hospital.example\n"), "{mail}");
    assert!(
        mail.contains(&format!("Message-ID: <{}>", number.unwrap())),
        "{mail}"
    );
    assert!(mail.contains("From: Uptake <uptake@hospital.example>"), "{mail}");
    for (meets, expected, mails) in [
        (Meets::Refused, "failed", 1),
        (Meets::Busy, "waiting", 1),
        (Meets::Lost, "unknown", 2),
    ] {
        stub.meets(meets);
        let key = format!("{meets:?}");
        send_one(&site, Channel::Mail, "wang@hospital.example", "reset-link", &key).await;
        work_off(&site.platform).await;
        assert_eq!(state(&site, &key).await.0, expected);
        assert_eq!(stub.mails().len(), mails, "{meets:?}");
    }
    // An address that is none, and one that would add lines.
    stub.meets(Meets::Taken);
    for (number, to) in ["nobody", "a@b.example\r\nBcc: c@d.example"]
        .into_iter()
        .enumerate()
    {
        let key = format!("wrong {number}");
        send_one(&site, Channel::Mail, to, "reset-link", &key).await;
        work_off(&site.platform).await;
        assert_eq!(state(&site, &key).await.0, "failed", "{to}");
    }
}

#[tokio::test]
async fn a_message_is_sent_not_before_its_time() {
    let (stub, site) = connected(Service::Aliyun).await;
    let message = Message {
        channel: Channel::Sms,
        person: None,
        to: MOBILE.to_owned(),
        template: "code",
        arguments: &[("code", "1"), ("minutes", "5")],
        organisation: None,
        key: "later".to_owned(),
        at_ns: Some(site.now_ns() + 4 * 60 * MINUTE_NS),
        language: Language::English,
    };
    let change = site.platform.writer().begin().await.unwrap();
    send(&site.platform, &*change, &message).await.unwrap();
    change.commit().await.unwrap();
    work_off(&site.platform).await;
    assert_eq!(stub.taken(), []);
    site.pass(4 * 60 * MINUTE_NS);
    stub.at(site.now_ns());
    work_off(&site.platform).await;
    assert_eq!(stub.taken().len(), 1);
}
