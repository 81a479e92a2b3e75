module "workloads" {
  source = "../../modules/workloads.sentinel"
}

mock "tfplan/v2" {
  module {
    source = "../../testdata/hardened-plan.sentinel"
  }
}

test {
  rules = {
    main = true
  }
}
