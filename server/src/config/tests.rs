use super::*;

fn load(text: &str, variables: &[(&str, &str)]) -> anyhow::Result<Config> {
    let folder = std::env::temp_dir().join(format!(
        "uptake-config-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("uptake.toml");
    std::fs::write(&path, text)?;
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let config = Config::load(Some(&path), variables);
    std::fs::remove_dir_all(&folder)?;
    let config = config?;
    config.check()?;
    Ok(config)
}

fn refused(text: &str, variables: &[(&str, &str)], words: &str) {
    let error = format!("{:#}", load(text, variables).unwrap_err());
    assert!(error.contains(words), "expected {words:?} in {error:?}");
}

#[test]
fn the_environment_is_laid_over_the_file() {
    let text = "data = \"/archive\"\n[http]\nlisten = \"0.0.0.0:443\"\n[dicom.peers.CT1]\naddress = \"ct1:104\"\nnetworks = [\"10.1.0.0/16\"]\n";
    let config = load(
        text,
        &[
            ("UPTAKE_HTTP_LISTEN", "127.0.0.1:9"),
            ("UPTAKE_DICOM_AE_TITLE", "ARCHIVE"),
            ("HOME", "/"),
        ],
    )
    .unwrap();
    assert_eq!(config.data, PathBuf::from("/archive"));
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:9");
    assert_eq!(config.dicom.ae_title, "ARCHIVE");
    assert_eq!(config.dicom.peers["CT1"].associations, 5);
    assert_eq!(config.tokens(), PathBuf::from("/archive/tokens.toml"));
}

#[test]
fn what_is_printed_is_read_again() {
    let text = "[dicom.peers.CT1]\nnetworks = [\"10.1.0.0/16\", \"::1\"]\n[http.tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";
    let text = format!(
        "{text}[storage]\ncompression = \"htj2k\"\ncompression_of = {{ NM = \"rle\", CT = \"jpeg-2000\" }}\n"
    );
    let config = load(&text, &[("UPTAKE_STORAGE_COMPRESSION", "jpeg-ls")]).unwrap();
    assert_eq!(config.storage.compression, Kept::JpegLs);
    assert_eq!(config.storage.compression_of["CT"], Kept::Jpeg2000);
    assert_eq!(load(&config.to_toml().unwrap(), &[]).unwrap(), config);
    let text = "[storage.main.s3]\nendpoint = \"http://10.1.2.3:9000\"\npath_style = true\nbucket = \"images\"\ncredentials_file = \"/etc/uptake/s3\"\n[storage]\ncold.azure = { account = \"hospital\", container = \"cold\", key_file = \"/etc/uptake/azure\" }\ncold_after_days = 5\n";
    let config = load(text, &[]).unwrap();
    assert_eq!(load(&config.to_toml().unwrap(), &[]).unwrap(), config);
    let config = load(
        "[storage]\nmain = \"/objects\"\n",
        &[("UPTAKE_STORAGE_COLD", "/cold")],
    )
    .unwrap();
    assert_eq!(config.storage.main, Some(Place::Folder("/objects".into())));
    assert_eq!(config.storage.cold, Some(Place::Folder("/cold".into())));
    assert_eq!(load(&config.to_toml().unwrap(), &[]).unwrap(), config);
    let text = "[backup]\nto = \"/mnt/backup\"\nat = \"00:05\"";
    let config = load(
        text,
        &[
            ("UPTAKE_BACKUP_KEEP", "3"),
            ("UPTAKE_INDEX_COPY_BEFORE_UPGRADE", "false"),
        ],
    );
    let config = config.unwrap();
    assert_eq!((config.backup.minute().unwrap(), config.backup.keep), (5, 3));
    assert!(!config.index.copy_before_upgrade);
    assert_eq!(load(&config.to_toml().unwrap(), &[]).unwrap(), config);
    let defaults = Config::default().to_toml().unwrap();
    assert_eq!(load(&defaults, &[]).unwrap(), Config::default());
    assert_eq!(load("", &[]).unwrap(), Config::default());
}

#[test]
fn what_is_not_understood_is_named() {
    refused("port = 1", &[], "port");
    refused("[http]\nlisten = \"here\"", &[], "http");
    refused("[dicom]\nae_title = \"\"", &[], "dicom.ae_title");
    refused(
        "[dicom]\nae_title = \"A TITLE THAT IS TOO LONG\"",
        &[],
        "dicom.ae_title",
    );
    refused(
        "[dicom.peers.CT1]\naddress = \"ct1\"",
        &[],
        "dicom.peers.CT1.address",
    );
    refused(
        "[dicom.peers.CT1]\nnetworks = [\"10.1.0.0/33\"]",
        &[],
        "10.1.0.0/33",
    );
    refused(
        "[dicom.peers.CT1]\nassociations = 0",
        &[],
        "dicom.peers.CT1.associations",
    );
    refused("[dicom.peers.CT1]\ntls = true", &[], "dicom.tls_authority");
    refused("[limits]\nobject_bytes = 1", &[], "limits.object_bytes");
    refused("[dicom.peers.CT1]\ncharacter_set = \"latin\"", &[], "GB18030");
    refused("[dicom.peers.CT1]\nmay = [\"everything\"]", &[], "everything");
    refused("[http]\norigins = [\"viewer\"]", &[], "http.origins");
    refused("[retention]\nin_patient_years = 5", &[], "retention");
    refused("[backup]\nat = \"25:00\"", &[], "backup.at");
    refused("[backup]\nkeep = 0", &[], "backup.keep");
    refused(
        "data = \"/a\"\n[backup]\nto = \"/a/b\"",
        &[],
        "backup.to: expected a folder outside",
    );
    refused(
        "[backup]\nto = \"/a\"\n[storage]\nmain = \"/a\"",
        &[],
        "backup.to: expected another place",
    );
    refused("[backup.to.s3]\nbucket = \"images\"", &[], "credentials_file");
    refused("[index]\ncopy_before_upgrade = 1", &[], "copy_before_upgrade");
    refused("[storage]\ncold_after_days = 5", &[], "storage.cold");
    refused("[storage]\nmain = \"/a\"\ncold = \"/a\"", &[], "storage.cold");
    refused(
        "[storage.main.ftp]\nbucket = \"images\"",
        &[],
        "expected one of `s3`, `azure`, `gcs`",
    );
    refused("[storage.main.s3]\nbucket = \"images\"", &[], "credentials_file");
    refused(
        "[storage]\nmain = 5",
        &[],
        "expected a folder, or a table s3, azure or gcs",
    );
    refused(
        "[storage.main.s3]\nbucket = \"images\"\ncredentials_file = \"k\"\nendpoint = \"http://8.8.8.8\"\npath_style = true",
        &[],
        "storage.main: endpoint: plain http is for this machine and private addresses only; use https to 8.8.8.8",
    );
    refused(
        "[storage.cold.gcs]\nbucket = \"Im\"\nservice_account_file = \"k\"",
        &[],
        "storage.cold: bucket: expected",
    );
    refused("[storage]\ncompression = \"zip\"", &[], "jpeg-ls");
    refused("[storage]\ncompression_of = { NM = \"zip\" }", &[], "jpeg-ls");
    refused(
        "[[routing.rule]]\nname = \"a\"\nto = [\"nowhere\"]",
        &[],
        "routing",
    );
    refused("[log]\nformat = \"xml\"", &[], "xml");
    refused("", &[("UPTAKE_HTTP_LISTE", "127.0.0.1:9")], "UPTAKE_HTTP_LISTE");
    refused("", &[("UPTAKE_DICOM_ASSOCIATIONS", "many")], "many");
    refused("[http", &[], "uptake.toml");
}

#[test]
fn an_official_account_of_wechat_has_its_secret_in_a_file() {
    let path = std::env::temp_dir().join(format!("uptake-wechat-{}", std::process::id()));
    std::fs::write(&path, "secret\n").unwrap();
    let text = |template: &str| {
        format!(
            "[site.wechat]\napp_id = \"wx1\"\nsecret_file = {:?}\ntemplate = {template:?}\n",
            path.display().to_string()
        )
    };
    let config = load(&text("t1:thing1"), &[]).unwrap();
    let account = config.site.wechat.unwrap();
    assert_eq!(account.api_url, "https://api.weixin.qq.com");
    refused(&text("t1"), &[], "expected TEMPLATE_ID:field");
    std::fs::remove_file(&path).unwrap();
    refused(&text("t1:thing1"), &[], "site.wechat.secret_file");
}

#[test]
fn push_services_are_hosts_and_who_can_be_asked_is_an_address() {
    let text = "[site.push]\nservices = [\"push.example.cn\", \"*.push.example.cn\", \"http://127.0.0.1:8090\"]\n\
        contact = \"mailto:it@hospital.example\"\nproxy = \"http://10.0.0.3:3128\"\n";
    let config = load(text, &[]).unwrap();
    assert!(config.site.push.enabled);
    assert_eq!(load(&config.to_toml().unwrap(), &[]).unwrap(), config);
    assert!(
        !load("[site.push]\nenabled = false", &[])
            .unwrap()
            .site
            .push
            .enabled
    );
    for (text, words) in [
        (
            "services = [\"https://push.example.cn\"]",
            "site.push.services: expected a host",
        ),
        ("services = [\"10.0.0.8\"]", "site.push.services: expected a host"),
        ("services = [\"*\"]", "site.push.services: expected a host"),
        (
            "contact = \"it@hospital.example\"",
            "site.push.contact: expected an address",
        ),
        ("contact = \"mailto:\"", "site.push.contact: expected an address"),
        (
            "contact = \"http://hospital.example\"",
            "site.push.contact: expected an address",
        ),
        ("proxy = \"proxy:3128\"", "site.push.proxy: expected an address"),
        (
            "proxy = \"http://me:secret@proxy:3128\"",
            "site.push.proxy: expected an address",
        ),
        ("key = \"a\"", "key"),
    ] {
        refused(&format!("[site.push]\n{text}\n"), &[], words);
    }
}

#[test]
fn ways_to_send_messages_are_checked_when_the_server_starts() {
    let path = std::env::temp_dir().join(format!("uptake-messages-{}", std::process::id()));
    std::fs::write(&path, "secret\n").unwrap();
    let file = format!("{:?}", path.display().to_string());
    let sms = |more: &str| {
        format!("[site.sms]\nkey_id = \"id\"\nsecret_file = {file}\nsign_name = \"核医学\"\n{more}")
    };
    let text = sms(
        "provider = \"aliyun\"\n[site.sms.templates]\ncode = { code = \"SMS_1\", parameters = [\"code:verify\"] }\ninvited = { code = \"SMS_2\" }\n",
    );
    let config = load(&text, &[]).unwrap();
    assert_eq!(load(&config.to_toml().unwrap(), &[]).unwrap(), config);
    load(&sms("provider = \"tencent\"\napp_id = \"1400006666\""), &[]).unwrap();
    for (more, words) in [
        (
            "provider = \"tencent\"",
            "site.sms.app_id: expected the number of the application",
        ),
        ("provider = \"pigeon\"", "aliyun"),
        (
            "provider = \"aliyun\"\napi_url = \"http://sms.example\"",
            "site.sms.api_url: expected",
        ),
        (
            "provider = \"aliyun\"\n[site.sms.templates]\nhello = { code = \"SMS_1\" }",
            "site.sms.templates: expected one of code,",
        ),
        (
            "provider = \"aliyun\"\n[site.sms.templates]\ncode = { code = \"SMS_1\", parameters = [\"mobile\"] }",
            "site.sms.templates.code.parameters: expected some of",
        ),
        (
            "provider = \"aliyun\"\n[site.sms.templates]\ncode = { code = \"\" }",
            "site.sms.templates.code.code: expected",
        ),
    ] {
        refused(&sms(more), &[], words);
    }
    let mail = |more: &str| {
        format!("[site.mail]\nhost = \"mail.example\"\nfrom = \"uptake@hospital.example\"\n{more}")
    };
    let config = load(
        &mail(&format!(
            "user = \"u\"\npassword_file = {file}\nsecurity = \"starttls\""
        )),
        &[],
    )
    .unwrap();
    assert_eq!(load(&config.to_toml().unwrap(), &[]).unwrap(), config);
    refused(&mail("user = \"u\""), &[], "site.mail.password_file: expected");
    refused(
        &mail(&format!("password_file = {file}")),
        &[],
        "site.mail.user: expected",
    );
    refused(
        &mail("security = \"none\""),
        &[],
        "site.mail.security: expected tls or starttls",
    );
    let text = "[site.mail]\nhost = \"mail.example\"\nfrom = \"nobody\"\n";
    refused(text, &[], "site.mail.from: expected an address");
    std::fs::write(&path, "\n").unwrap();
    refused(
        &sms("provider = \"aliyun\""),
        &[],
        "site.sms.secret_file: expected a secret",
    );
    std::fs::remove_file(&path).unwrap();
    refused(&sms("provider = \"aliyun\""), &[], "site.sms.secret_file");
}

#[test]
fn the_audit_repository_is_reached_as_it_is_said() {
    let made = rcgen::generate_simple_self_signed(vec!["audit.example".to_owned()]).unwrap();
    let folder = std::env::temp_dir().join(format!("uptake-audit-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let [authority, key, nothing] = ["ca.pem", "key.pem", "nothing.pem"].map(|name| folder.join(name));
    std::fs::write(&authority, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::write(&nothing, "").unwrap();
    let text = |more: &str| format!("[site.audit_repository]\nhost = \"audit.example\"\n{more}");
    let named = |name: &str, path: &PathBuf| format!("{name} = {path:?}\n");
    let trusting = named("authority", &authority);
    let showing = named("certificate", &authority) + &named("key", &key);
    for (more, port, has_tls) in [
        (trusting.clone(), 6514, true),
        (format!("{trusting}{showing}"), 6514, true),
        (format!("{trusting}port = 7000\n"), 7000, true),
        ("security = \"none\"\n".to_owned(), 601, false),
    ] {
        let config = load(&text(&more), &[]).unwrap();
        assert_eq!(load(&config.to_toml().unwrap(), &[]).unwrap(), config);
        let settings = crate::archive::site::chosen(&config).unwrap();
        let repository = settings.audit_repository.unwrap();
        assert_eq!(
            (repository.port, repository.tls.is_some()),
            (port, has_tls),
            "{more}"
        );
    }
    for (more, words) in [
        (String::new(), "site.audit_repository.authority: expected a file"),
        (named("authority", &nothing), "site.audit_repository.authority"),
        (
            format!("security = \"none\"\n{trusting}"),
            "site.audit_repository.authority: expected security",
        ),
        (
            format!("{trusting}{}", named("certificate", &authority)),
            "site.audit_repository.certificate: expected it with key",
        ),
        (
            format!(
                "{trusting}{}{}",
                named("certificate", &nothing),
                named("key", &nothing)
            ),
            "site.audit_repository.key",
        ),
        (format!("{trusting}colour = 1\n"), "colour"),
    ] {
        refused(&text(&more), &[], words);
    }
    refused(
        "[site.audit_repository]\nhost = \"a b\"\nsecurity = \"none\"\n",
        &[],
        "site.audit_repository.host: expected a name",
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_journal_is_kept_for_half_a_year_at_least() {
    assert_eq!(load("", &[]).unwrap().site.journal_days, 180);
    assert_eq!(
        load("[site]\njournal_days = 365\n", &[])
            .unwrap()
            .site
            .journal_days,
        365
    );
    for days in ["179", "0"] {
        refused(
            &format!("[site]\njournal_days = {days}\n"),
            &[],
            &format!("site.journal_days: expected at least 180, found {days}"),
        );
    }
    refused("[site]\njournal_days = -1\n", &[], "journal_days");
}
