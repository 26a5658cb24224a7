//! GET /v1/selfcare/credentials: the credentials with the dates of each (rule 44).

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::credential::{CredentialState, Dates};
use sportello_rules::service::{CredentialKind, Level};
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::app_signature::signing_app;
use crate::credentials::in_use;
use crate::level_three::activation_challenge;

/// Lists the credentials.
pub struct CredentialList;

/// Every credential that the holder has or had.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Lowest level first; of one kind, the one in use last.
    items: Vec<Item>,
    /// What gives the codes of signing in; none where no second factor is active (rule 42).
    #[schemars(with = "Option<String>")]
    otp_mode: Option<CredentialKind>,
    /// Until when sensitive changes wait, because a level was lost (rule 44).
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    guarded_until: Option<Timestamp>,
    /// What has to be signed to activate a credential of level 3; it changes with every change.
    l3_challenge: String,
    /// Whether there is an emergency code that was not used.
    emergency_code: bool,
    /// Whether signing in to services asks for a QR code as well, which the app scans (rule 45).
    sso_qr: bool,
}

/// One credential.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// What it is; it also names it in the addresses of its operations.
    #[schemars(with = "String", extend("enum" = ["password", "otp-app", "otp-sms", "otp-token", "smart-card", "remote-signature"]))]
    credential: CredentialKind,
    /// Its level.
    #[schemars(with = "String", extend("enum" = ["l1", "l2", "l3"]))]
    level: Level,
    /// How it stands.
    #[schemars(with = "String", extend("enum" = ["waiting", "active", "suspended", "expired", "revoked"]))]
    state: CredentialState,
    /// Since when it is active.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    activated_at: Option<Timestamp>,
    /// Since when it is suspended.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    suspended_at: Option<Timestamp>,
    /// When it was last reactivated.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    reactivated_at: Option<Timestamp>,
    /// When it was revoked.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    revoked_at: Option<Timestamp>,
    /// Its last day.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    expires_on: Option<Date>,
    /// Whether each access with it is announced by mail (rule 56).
    access_notice: bool,
    /// What is printed on a physical token.
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
}

impl Operation for CredentialList {
    const SPEC: Spec =
        Spec::get("selfcare.credential.list", "/v1/selfcare/credentials").summary("List the credentials with the dates of each").limit(Limit::ORDINARY);
    type Auth = HolderHighest;
    type Input = ();
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, (): ()) -> Result<Reply<Output>, Failure> {
        let auth = &holder.records.auth;
        let item = |credential: CredentialKind, dates: &Dates| Item {
            credential,
            level: credential.level(),
            state: dates.state(cx.now),
            activated_at: dates.activated_at,
            suspended_at: dates.suspended_at,
            reactivated_at: dates.reactivated_at,
            revoked_at: dates.revoked_at,
            expires_on: dates.last_day(cx.now),
            access_notice: auth.access_notices.contains(&credential),
            serial: auth.token.as_ref().filter(|_| credential == CredentialKind::OtpToken && dates.revoked_at.is_none()).map(|token| token.serial.clone()),
        };
        let password = Dates::active_since(auth.password.changed_at, None);
        let mut items = vec![item(CredentialKind::Password, &password)];
        items.extend(auth.dated_credentials().map(|(kind, dates)| item(kind, dates)));
        items.sort_by_key(|item| (item.credential, item.revoked_at.is_none(), item.revoked_at));
        let otp_mode = in_use(cx, auth);
        let guarded_until = auth.guarded_until(cx.now, &cx.policy().identity);
        let (l3_challenge, emergency_code) = (activation_challenge(auth), auth.emergency_code.is_some());
        let sso_qr = signing_app(cx, auth).is_some_and(|app| app.sso_qr);
        Ok(Reply::of(Output { items, otp_mode, guarded_until, l3_challenge, emergency_code, sso_qr }))
    }
}
