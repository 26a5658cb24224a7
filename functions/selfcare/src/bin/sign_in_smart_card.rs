//! The Lambda function of `selfcare.sign-in.smart-card`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::sign_in_smart_card)
}
