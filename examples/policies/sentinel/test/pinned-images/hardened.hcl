module "workloads" {
  source = "../../modules/workloads.sentinel"
}

mock "tfplan/v2" {
  module {
    source = "../../testdata/hardened-plan.sentinel"
  }
}

param "registries" {
  value = ["registry.example.com"]
}

test {
  rules = {
    main = true
  }
}
