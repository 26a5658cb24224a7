//! GET /v1/selfcare/identity: where the identity stands (rules 19, 35).

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::calendar::end_of_day;
use sportello_rules::identity::Status;
use sportello_rules::service::{CredentialKind, Level};
use sportello_runtime::access::{HolderActor, HolderHighest, effective_state};
use sportello_runtime::{Cx, Failure, Operation, Reply};

/// Reads the identity.
pub struct IdentityRead;

/// The identity, as its holder sees it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Public id.
    identity_id: String,
    /// Type.
    #[schemars(with = "String", extend("enum" = ["personal", "minor", "professional", "business"]))]
    r#type: sportello_rules::identity::IdentityType,
    /// Status.
    #[schemars(with = "String", extend("enum" = ["to-activate", "active", "suspended", "revoked"]))]
    status: Status,
    /// Whether the last day has passed.
    expired: bool,
    /// Every reason in force; active only when there is none.
    reasons: Vec<Reason>,
    /// Each level and the credentials that make it.
    levels: Vec<LevelOutput>,
    /// The level with which the holder must sign in.
    #[schemars(with = "String", extend("enum" = ["l1", "l2", "l3"]))]
    highest_level: Level,
    /// Activation steps that miss, in their order; none once active.
    #[schemars(with = "Vec<String>")]
    missing: Vec<Value>,
    /// First day.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    issued_on: Option<Date>,
    /// Last day.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    expires_on: Option<Date>,
}

/// One reason of a suspension.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// Which.
    #[schemars(with = "String")]
    reason: sportello_rules::identity::SuspensionReason,
    /// Since when.
    #[schemars(with = "String", extend("format" = "date-time"))]
    since: Timestamp,
    /// When it ends by itself, if it does.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    ends_at: Option<Timestamp>,
}

/// One level.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LevelOutput {
    /// Which.
    #[schemars(with = "String", extend("enum" = ["l1", "l2", "l3"]))]
    level: Level,
    /// Whether it can be used.
    active: bool,
    /// Active credentials of this level.
    #[schemars(with = "Vec<String>")]
    credentials: Vec<CredentialKind>,
}

impl Operation for IdentityRead {
    const SPEC: Spec = Spec::get("selfcare.identity.read", "/v1/selfcare/identity")
        .summary("Read the identity: status with reasons, levels, what is missing")
        .limit(Limit::ORDINARY);
    type Auth = HolderHighest;
    type Input = ();
    type Output = Output;

    async fn handle(cx: &Cx, holder: HolderActor, (): ()) -> Result<Reply<Output>, Failure> {
        let auth = &holder.records.auth;
        let state = effective_state(cx, auth);
        let reasons = state.suspensions.iter().map(|(reason, since)| Reason {
            reason: *reason,
            since: *since,
            ends_at: state.suspension_ends(*reason, &cx.policy().identity),
        });
        let credentials: Vec<_> = std::iter::once(CredentialKind::Password).chain(auth.active_credentials(cx.now).map(|(kind, _)| kind)).collect();
        let levels = [Level::L1, Level::L2, Level::L3].map(|level| {
            let credentials: Vec<_> = credentials.iter().copied().filter(|kind| kind.level() == level).collect();
            LevelOutput { level, active: !credentials.is_empty(), credentials }
        });
        Ok(Reply::of(Output {
            identity_id: auth.identity_id.clone(),
            r#type: auth.kind,
            status: state.status(),
            expired: auth.expires_on.is_some_and(|day| cx.now >= end_of_day(day)),
            reasons: reasons.collect(),
            levels: levels.into(),
            highest_level: auth.highest_level(cx.now),
            missing: state.steps_missing().iter().map(serde_json::to_value).collect::<Result<_, _>>()?,
            issued_on: auth.issued_on,
            expires_on: auth.expires_on,
        }))
    }
}
