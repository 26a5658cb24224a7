//! The Lambda function of `selfcare.l3.activate`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_selfcare::entry::l3_activate)
}
