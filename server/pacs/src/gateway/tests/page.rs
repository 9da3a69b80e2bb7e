//! The receive service, and the page over a whole gateway.

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};

use super::{key, to_cloud};
use crate::delivery::State;
use crate::gateway::{
    Config, Finding, Gateway, GatewayError, Kind, ReceiveError, Receiver, Service, check, web,
};
use crate::routing::{DimseNode, Node as Reached};
use crate::test_folder::TestFolder;
use crate::test_node::{Node, archive, count, file, until};

#[tokio::test]
async fn the_receive_service_opens_and_closes_its_port() {
    let folder = TestFolder::new("receive");
    let taking = archive(folder.path(), "NM-TRANSFER").await;
    let receiver = Receiver::new(taking.clone(), Vec::new());
    let service = |port: u16, title: &str| Service {
        address: ([127, 0, 0, 1], port).into(),
        ae_title: title.to_owned(),
    };
    let echo = async |port: u16, title: &str| {
        let node = Reached::Dimse(DimseNode {
            ae_title: title.to_owned(),
            address: format!("127.0.0.1:{port}"),
            tls_authority: None,
        });
        check(&node, "CT1").await
    };
    let port = receiver.start(&service(0, "NM-TRANSFER")).await.unwrap();
    assert_eq!(echo(port, "NM-TRANSFER").await, Finding::Good);
    // It gives nothing out: nobody searches patients here.
    let find = dicom_dictionary_std::uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND;
    let proposals = [
        dimse::Proposal::uncompressed(dicom_dictionary_std::uids::VERIFICATION),
        dimse::Proposal::uncompressed(find),
    ];
    let config = dimse::ClientConfig::new("CT1", "NM-TRANSFER");
    let asking = dimse::Client::connect(("127.0.0.1", port), &config, &proposals)
        .await
        .unwrap();
    assert!(asking.negotiated().find(find, &[]).is_none());
    asking.release().await.unwrap();
    let again = receiver.start(&service(port, "X")).await.unwrap_err().to_string();
    assert_eq!(again, format!("the receive service runs already, on port {port}"));
    let clash = Receiver::new(taking, Vec::new())
        .start(&service(port, "X"))
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        clash,
        format!("port {port} is in use by another program; stop it or choose another port")
    );
    assert!(receiver.stop().await);
    assert!(!receiver.stop().await);
    assert!(matches!(echo(port, "NM-TRANSFER").await, Finding::Tcp(_)));
    receiver.start(&service(port, " NEW-TITLE ")).await.unwrap();
    assert_eq!(echo(port, "NEW-TITLE").await, Finding::Good);
    assert!(matches!(echo(port, "NM-TRANSFER").await, Finding::Association(_)));
    receiver.stop().await;
    for title in ["", "12345678901234567", "A\\B", "标题"] {
        let refused = receiver.start(&service(0, title)).await.unwrap_err();
        assert!(matches!(refused, ReceiveError::Title(_)), "{title}");
    }
}

/// A whole gateway: by C-STORE in, over HTTP out, seen and steered on its page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_and_steers_the_gateway() {
    let (folder, here) = (TestFolder::new("cloud"), TestFolder::new("gateway"));
    let cloud = Node::start(folder.path(), "CLOUD").await;
    let key_file = key(&cloud, &folder, "ward", Kind::Key).await;
    let free = async || {
        TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap()
    };
    let (page, dicom) = (free().await, free().await);
    let rules = to_cloud(&format!("http://127.0.0.1:{}", cloud.http_port), &key_file, "");
    let rules = &rules[..rules.find("[[rule]]").unwrap()];
    let data = here.path().join("data");
    let text = format!("data = {data:?}\ndicom = \"{dicom}\"\npage = \"{page}\"\n{rules}");
    let config: Config = toml::from_str(&text).unwrap();
    let open = Config {
        page: ([0, 0, 0, 0], 1).into(),
        ..config.clone()
    };
    assert!(matches!(Gateway::open(open).await, Err(GatewayError::Page(_))));
    std::fs::create_dir(&data).unwrap();
    let gateway = Arc::new(Gateway::open(config).await.unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(Arc::clone(&gateway).run(async {
        let _ = stopped.await;
    }));
    let client = web::client(&"http://127.0.0.1".parse().unwrap(), None).unwrap();
    let get = async |path: &str| {
        let answer = client.get(format!("http://{page}{path}")).send().await.ok()?;
        answer.text().await.ok()
    };
    until("the page is there", async || get("/").await.is_some()).await;
    let shown = get("/").await.unwrap();
    let token = shown.split("name=\"form_token\" value=\"").nth(1).unwrap()[..32].to_owned();
    let post = async |path: &str, body: String| {
        let answer = client
            .post(format!("http://{page}{path}"))
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert!(shown.contains("运行中") && shown.contains(&dicom.port().to_string()));

    let proposals = dimse::Proposal::for_instances([(
        dicom_dictionary_std::uids::CT_IMAGE_STORAGE,
        dicom_dictionary_std::uids::EXPLICIT_VR_LITTLE_ENDIAN,
    )]);
    let config = dimse::ClientConfig::new("CT1", "NM-TRANSFER");
    let mut sender = dimse::Client::connect(dicom, &config, &proposals).await.unwrap();
    for number in 1..=3 {
        let bytes = file(1, number, "", 1000);
        let start = crate::ingest::data_set_start(&bytes).unwrap();
        let instance = dimse::Instance {
            sop_class_uid: dicom_dictionary_std::uids::CT_IMAGE_STORAGE.to_owned(),
            sop_instance_uid: format!("2.25.1.{number}"),
            transfer_syntax_uid: dicom_dictionary_std::uids::EXPLICIT_VR_LITTLE_ENDIAN.to_owned(),
            data: dimse::Data::Bytes(bytes[start..].to_vec().into()),
        };
        assert_eq!(
            sender.store(instance).await.unwrap().status,
            dimse::Status::SUCCESS
        );
    }
    // One that ends within its pixels: its sender is told, and it is kept.
    let bytes = file(1, 4, "", 1000);
    let start = crate::ingest::data_set_start(&bytes).unwrap();
    let corrupt = dimse::Instance {
        sop_class_uid: dicom_dictionary_std::uids::CT_IMAGE_STORAGE.to_owned(),
        sop_instance_uid: "2.25.1.4".to_owned(),
        transfer_syntax_uid: dicom_dictionary_std::uids::EXPLICIT_VR_LITTLE_ENDIAN.to_owned(),
        data: dimse::Data::Bytes(bytes[start..bytes.len() - 500].to_vec().into()),
    };
    assert_eq!(
        sender.store(corrupt).await.unwrap().status,
        dimse::Status::CANNOT_UNDERSTAND
    );
    sender.release().await.unwrap();
    until("three arrived", async || cloud.hashes().await.len() == 3).await;
    until("the log has them", async || {
        count(gateway.queue(), State::Delivered).await == 3
    })
    .await;
    let shown = get("/").await.unwrap();
    assert!(shown.contains("2.25.1.3"));
    assert!(shown.contains("dimse:CT1: the object is cut short"));
    let kept = std::fs::read_dir(data.join("refused")).unwrap().flatten();
    let kept: Vec<_> = kept
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "refused"))
        .collect();
    assert_eq!(kept.len(), 1);
    assert!(
        std::fs::read(&kept[0])
            .unwrap()
            .ends_with(&bytes[start..bytes.len() - 500])
    );
    assert!(
        !shown.contains("Nobody") && !shown.contains("P9"),
        "no patient on the page"
    );

    // A form of another page does nothing.
    assert_eq!(post("/receive/stop", "form_token=guess".to_owned()).await.0, 403);
    assert!(TcpStream::connect(dicom).await.is_ok());
    assert_eq!(post("/receive/stop", format!("form_token={token}")).await.0, 303);
    assert!(TcpStream::connect(dicom).await.is_err());
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken_port = taken.local_addr().unwrap().port();
    let (status, words) = post(
        "/receive/start",
        format!("form_token={token}&port={taken_port}&ae_title=X"),
    )
    .await;
    assert_eq!(status, 409);
    assert!(
        words.contains(&format!("端口 {taken_port} 已被其他程序占用")),
        "{words}"
    );
    assert_eq!(
        post("/receive/start", format!("form_token={token}&port=0&ae_title=X"))
            .await
            .0,
        400
    );
    assert_eq!(
        post("/receive/start", format!("form_token={token}&port=x&ae_title=X"))
            .await
            .0,
        400
    );
    assert_eq!(
        post(
            "/receive/start",
            format!("form_token={token}&port={}&ae_title=NEW", dicom.port())
        )
        .await
        .0,
        303
    );
    assert_eq!(
        post("/nodes/cloud/test", format!("form_token={token}")).await.0,
        303
    );
    assert_eq!(
        post("/nodes/none/test", format!("form_token={token}")).await.0,
        404
    );
    assert!(get("/").await.unwrap().contains("连接正常"));
    let chosen = client
        .get(format!("http://{page}/?lang=en"))
        .send()
        .await
        .unwrap();
    let cookie = chosen.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("gateway_language=en; Path=/"), "{cookie}");
    let again = client
        .get(format!("http://{page}/"))
        .header("cookie", &cookie)
        .send();
    for english in [
        chosen.text().await.unwrap(),
        again.await.unwrap().text().await.unwrap(),
    ] {
        let other = english.replace("中文", "");
        let is_chinese = |c: char| ('\u{4E00}'..='\u{9FFF}').contains(&c);
        assert!(
            !other.contains(is_chinese),
            "Chinese on the English page: {other}"
        );
        assert!(
            english.contains("1 attempt") && english.contains(" ago"),
            "{english}"
        );
    }
    assert_eq!(
        post("/deliveries/12345/retry", format!("form_token={token}"))
            .await
            .0,
        404
    );
    let status: serde_json::Value = serde_json::from_str(&get("/gateway/status").await.unwrap()).unwrap();
    assert_eq!(status["ae_title"], "NEW");
    assert_eq!(status["receiving"], true);
    assert_eq!(status["destinations"][0]["delivered"], 3);
    assert_eq!(
        status["destinations"][0]["last_test"]["words"],
        "The node answers and accepts us."
    );
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert!(TcpStream::connect(dicom).await.is_err());
}
