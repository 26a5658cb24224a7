//! Every route; generated.

use sportello_contract::spec::Method;

/// Method and path of every operation.
pub const ROUTES: &[(Method, &str)] = &[
    (Method::Post, "/v1/customer/sessions"),
    (Method::Delete, "/v1/customer/sessions/current"),
    (Method::Get, "/v1/customer/services"),
    (Method::Get, "/v1/customer/services/{serviceId}"),
    (Method::Post, "/v1/customer/services/{serviceId}/cancellation"),
    (Method::Get, "/v1/customer/unlocks/{token}"),
    (Method::Post, "/v1/customer/unlocks/{token}"),
    (Method::Post, "/v1/selfcare/sign-ins"),
    (Method::Post, "/v1/selfcare/sign-ins/{signInId}/otp"),
    (Method::Post, "/v1/selfcare/sign-ins/{signInId}/otp/sends"),
    (Method::Post, "/v1/selfcare/codes"),
    (Method::Get, "/v1/selfcare/sessions"),
    (Method::Delete, "/v1/selfcare/sessions/{sessionId}"),
    (Method::Get, "/v1/selfcare/devices"),
    (Method::Delete, "/v1/selfcare/devices/{deviceId}"),
    (Method::Get, "/v1/selfcare/profile"),
    (Method::Put, "/v1/selfcare/profile/residence"),
    (Method::Get, "/v1/selfcare/identity"),
    (Method::Post, "/v1/selfcare/identity/suspension"),
    (Method::Post, "/v1/selfcare/identity/reactivation"),
    (Method::Post, "/v1/selfcare/identity/revocation"),
    (Method::Get, "/v1/selfcare/deadlines"),
    (Method::Post, "/v1/selfcare/password/check"),
    (Method::Post, "/v1/selfcare/password/generate"),
    (Method::Put, "/v1/selfcare/password"),
    (Method::Post, "/v1/selfcare/expired-password"),
    (Method::Post, "/v1/selfcare/expired-password/{resetId}"),
    (Method::Get, "/v1/selfcare/blocks/{token}"),
    (Method::Post, "/v1/selfcare/blocks/{token}"),
    (Method::Get, "/v1/selfcare/unlocks/{token}"),
    (Method::Post, "/v1/selfcare/unlocks/{token}"),
];
