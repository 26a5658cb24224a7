//! The journey of `cargo run -- demo`: over HTTP only, with readable output; anything that differs ends it with an error.

use jiff::Timestamp;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sportello_rules::otp::totp_code;
use sportello_rules::policy::TotpPolicy;

/// Something differed from what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Differs(String);

struct Walker {
    client: Client,
    url: String,
    /// Where `/_local` is.
    local: String,
}

impl Walker {
    async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Result<(u16, Value), Differs> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", if path.starts_with("/_local/") { &self.local } else { &self.url }))
            .header("accept-language", "en");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|e| Differs(format!("{method} {path}: {e}")))?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|e| Differs(e.to_string()))?;
        println!("    {method} {} -> {status}", shorten(path));
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    async fn expect(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>, status: u16) -> Result<Value, Differs> {
        let (got, answer) = self.call(method.clone(), path, token, body).await?;
        if got != status {
            return Err(Differs(format!("{method} {path}: expected {status}, got {got}: {answer}")));
        }
        Ok(answer)
    }

    async fn now(&self) -> Result<Timestamp, Differs> {
        let clock = self.expect(Method::GET, "/_local/clock", None, None, 200).await?;
        text(&clock, "/now")?.parse().map_err(|_| Differs("the clock's instant cannot be read".into()))
    }

    /// The code that the app shows; the clock moves on first, so that no step is used twice.
    async fn code(&self, secret: &str) -> Result<String, Differs> {
        self.expect(Method::POST, "/_local/clock", None, Some(json!({ "advance": "PT60S" })), 200).await?;
        let secret = unbase32(secret).ok_or_else(|| Differs("the TOTP secret is no base32".into()))?;
        totp_code(&secret, self.now().await?, &TotpPolicy::default()).map_err(|e| Differs(e.to_string()))
    }

    async fn sign_in(&self, account: &Value, password: &str) -> Result<String, Differs> {
        let body = json!({ "username": text(account, "/username")?, "password": password });
        let start = self.expect(Method::POST, "/v1/selfcare/sign-ins", None, Some(body), 201).await?;
        equal("next step", &start, "/next", "otp")?;
        let code = self.code(&text(account, "/totpSecret")?).await?;
        let path = format!("/v1/selfcare/sign-ins/{}/otp", text(&start, "/signInId")?);
        let done = self.expect(Method::POST, &path, None, Some(json!({ "code": code })), 201).await?;
        equal("next step", &done, "/next", "done")?;
        text(&done, "/session/token")
    }

    async fn newest_mail(&self, to: &str, subject: &str) -> Result<Value, Differs> {
        let mails = self.expect(Method::GET, &format!("/_local/mails?to={to}"), None, None, 200).await?;
        let newest = mails.get(0).cloned().ok_or_else(|| Differs(format!("no mail to {to}")))?;
        if !text(&newest, "/subject")?.contains(subject) {
            return Err(Differs(format!("expected a mail about \"{subject}\", got \"{}\"", text(&newest, "/subject")?)));
        }
        println!("    mail to {to}: {}", text(&newest, "/subject")?);
        for line in text(&newest, "/text")?.lines().take(12) {
            println!("      | {line}");
        }
        Ok(newest)
    }
}

fn shorten(path: &str) -> String {
    path.split('/').map(|part| if part.len() > 40 { "…" } else { part }).collect::<Vec<_>>().join("/")
}

fn text(value: &Value, pointer: &str) -> Result<String, Differs> {
    value.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned).ok_or_else(|| Differs(format!("{pointer} misses in {value}")))
}

fn equal(what: &str, value: &Value, pointer: &str, expected: &str) -> Result<(), Differs> {
    let got = text(value, pointer)?;
    if got == expected { Ok(()) } else { Err(Differs(format!("{what}: expected {expected}, got {got}"))) }
}

/// Bytes of a base32 text.
#[must_use]
pub fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut word, mut bits, mut bytes) = (0_u32, 0, Vec::new());
    for c in text.trim_end_matches('=').chars() {
        let digit = match c {
            'A'..='Z' => u32::from(c) - u32::from('A'),
            '2'..='7' => u32::from(c) - u32::from('2') + 26,
            _ => return None,
        };
        word = (word << 5) | digit;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((word >> bits) & 255).ok()?);
        }
    }
    Some(bytes)
}

/// Walks the journey against a stack with demo data, or against a deployment whose mails and clock are at another address.
///
/// # Errors
/// [`Differs`], saying where.
pub async fn walk(url: &str, local: &str) -> Result<(), Differs> {
    let base = |url: &str| url.trim_end_matches('/').to_owned();
    let walker = Walker { client: Client::new(), url: base(url), local: base(local) };
    let demo = walker.expect(Method::GET, "/_local/demo", None, None, 200).await?;
    let account = |username: &str| {
        let mut accounts = demo.pointer("/accounts").and_then(Value::as_array).into_iter().flatten();
        accounts.find(|a| a.get("username").and_then(Value::as_str) == Some(username)).cloned().ok_or_else(|| Differs(format!("no demo account {username}")))
    };
    let maria = account("maria.rossi@example.it")?;
    let old = text(&maria, "/password")?;

    println!("1. A wrong password and an unknown username are refused alike");
    for username in ["maria.rossi@example.it", "nobody@example.it"] {
        let body = json!({ "username": username, "password": "Sbagliata-42!" });
        let refused = walker.expect(Method::POST, "/v1/selfcare/sign-ins", None, Some(body), 401).await?;
        equal("code", &refused, "/code", "sign-in-refused")?;
    }

    println!("2. The holder signs in with password and code");
    let token = walker.sign_in(&maria, &old).await?;
    let identity = walker.expect(Method::GET, "/v1/selfcare/identity", Some(&token), None, 200).await?;
    equal("status", &identity, "/status", "active")?;
    walker.newest_mail("maria.rossi@example.it", "dispositivo").await?;
    let deadlines = walker.expect(Method::GET, "/v1/selfcare/deadlines", Some(&token), None, 200).await?;
    for item in deadlines.pointer("/items").and_then(Value::as_array).into_iter().flatten().take(4) {
        println!("      {}  {}", text(item, "/at")?, text(item, "/text")?);
    }

    println!("3. Passwords that break rules are refused with every reason");
    let change = |new: &str, code: &str| json!({ "current": old, "new": new, "confirmation": new, "code": code });
    for (new, expected) in [
        ("corta", "password-too-short"),
        ("Maria-Cavallo42!", "password-contains-name"),
        ("Cavalllo-Bianco4!", "password-repeated"),
        ("Cavallo-17/03/1985", "password-contains-birth-date"),
    ] {
        let refused = walker.expect(Method::PUT, "/v1/selfcare/password", Some(&token), Some(change(new, "000000")), 422).await?;
        let codes: Vec<_> = refused.pointer("/violations").and_then(Value::as_array).into_iter().flatten().filter_map(|v| v.get("code")?.as_str()).collect();
        println!("      {new}: {}", codes.join(", "));
        if !codes.contains(&expected) {
            return Err(Differs(format!("{new}: expected {expected}, got {codes:?}")));
        }
    }
    let code = walker.code(&text(&maria, "/totpSecret")?).await?;
    let refused = walker.expect(Method::PUT, "/v1/selfcare/password", Some(&token), Some(change(&old, &code)), 422).await?;
    equal("reason", &refused, "/violations/0/code", "password-used-recently")?;

    println!("4. A generated password is accepted; every session ends, a mail tells");
    let generated = walker.expect(Method::POST, "/v1/selfcare/password/generate", Some(&token), Some(json!({})), 200).await?;
    let new = text(&generated, "/password")?;
    let code = walker.code(&text(&maria, "/totpSecret")?).await?;
    walker.expect(Method::PUT, "/v1/selfcare/password", Some(&token), Some(change(&new, &code)), 204).await?;
    let ended = walker.expect(Method::GET, "/v1/selfcare/identity", Some(&token), None, 401).await?;
    equal("code", &ended, "/code", "unauthenticated")?;
    walker.newest_mail("maria.rossi@example.it", "modificata").await?;
    walker.sign_in(&maria, &new).await?;

    println!("5. A customer reads the services and cancels one that was never activated");
    let carla = account("carla.neri@clienti")?;
    let body = json!({ "username": text(&carla, "/username")?, "password": text(&carla, "/password")? });
    let session = walker.expect(Method::POST, "/v1/customer/sessions", None, Some(body), 201).await?;
    let customer = text(&session, "/token")?;
    let services = walker.expect(Method::GET, "/v1/customer/services", Some(&customer), None, 200).await?;
    for service in services.pointer("/items").and_then(Value::as_array).into_iter().flatten() {
        println!("      {:28} {:13} {}", text(service, "/serviceId")?, text(service, "/status")?, text(service, "/offer")?);
    }
    let cancel = |id: &str| format!("/v1/customer/services/{id}/cancellation");
    let cancelled = walker.expect(Method::POST, &cancel("personale-da-attivare"), Some(&customer), Some(json!({})), 200).await?;
    equal("outcome", &cancelled, "/outcome", "cancelled")?;
    walker.newest_mail("carla.neri@example.it", "annullato").await?;
    let refused = walker.expect(Method::POST, &cancel("personale-attivo"), Some(&customer), Some(json!({})), 409).await?;
    equal("reason", &refused, "/code", "revoke-first")?;
    for (id, form) in [("professionale-da-attivare", "within-14-days"), ("aziendale-oltre-14-giorni", "beyond-14-days")] {
        let answer = walker.expect(Method::POST, &cancel(id), Some(&customer), Some(json!({})), 200).await?;
        equal("form", &answer, "/form", form)?;
    }

    println!("6. After 173 days the warning leaves");
    walker.expect(Method::POST, "/_local/clock", None, Some(json!({ "advance": "P173D" })), 200).await?;
    let warning = walker.newest_mail("maria.rossi@example.it", "scade").await?;
    if !text(&warning, "/text")?.contains("7 giorni") {
        return Err(Differs("the warning does not say 7 days".into()));
    }
    println!("The journey went as it should.");
    Ok(())
}
