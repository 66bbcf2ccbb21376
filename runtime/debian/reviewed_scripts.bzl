"""Digests of the maintainer scripts that were read for effects.bzl. Made by //runtime/debian:review.

Package -> script (or program) -> SHA-256 of each accepted version, comment lines left out (tools/inputs/deb/scripts.py).
"""

REVIEWED_SCRIPTS = {
    "adduser": {
        "config": ["af3832f08fd17bd55f4b858caca8d5ba5a1425c5f214fff3b1743e916ecdf405"],
        "postinst": ["cbb4902533b6603a8c130bcec87fd834b553166234d51aad572d06af92ac1e5a"],
    },
    "apt": {
        "postinst": ["a0606bb57a4bde74f8f153a3b6b5a12a9061a5c6f2478c81f44a7b3330d0e161"],
        "preinst": ["77b5210645637fe5b7cd3b43e5712b44a737e9ef2e7e294d7de44a904b1b40c4"],
    },
    "base-files": {
        "postinst": ["1f6a7ee11fe6b473bb150081f3105afa80c9a64647b6da451e6c5405bb78d92a"],
    },
    "base-passwd": {
        "postinst": ["f1cb3989040b7339a02c08f9c21e745f687da562f1bebbd3527abfa326251af9"],
        "preinst": ["ef6e6f33f00a8f9051a74bce3f5dda02b3cc2dabdd8d64a3f3de816117a0157a"],
    },
    "bash": {
        "postinst": ["b937287769d09499b50188aded92e656f2ae1130795792150e341834e16a2088"],
        "preinst": [
            "09c7f600a524dc5b061827e45a3d24d45e78638423b555962857d8e133e847ed",
            "776276932e0a8d1df8b15f759cd8caf86486f83988f251296e2c511fe2106e39",
        ],
    },
    "ca-certificates": {
        "config": ["8bf8ba4419a4c7746441c29b4d1b5f0a7fcccb138dc7a61aee137ad8ef9b2300"],
        "postinst": ["ad8e02a0514b064c71a479b29e4ceb3172fbe5dd4745844357f34cbf1387e246"],
        "triggers": ["646425a4d2763f751f12047ba042562c11086c15acdca88f88a49f8808ffb641"],
        "usr/sbin/update-ca-certificates": ["e9e19011fe4170a300d538f21a68bcd805dadd5f80158a7993d79a967fa65e60"],
    },
    "coreutils": {
        "postinst": ["e143b36df9577b1fc72b7186ac58103a65287bdc2a4821faf760e9651f974b23"],
    },
    "dash": {
        "config": ["b2a1dab981f49bbaf4e92649ad67e20c40b4806da1e0d16eb09ea4dd00a6fd81"],
        "postinst": ["94d9e7c244a0921c5ce16c04ed54593b0e3c1be51fd00b0d7cd681cfac4308e8"],
    },
    "debconf": {
        "config": ["b558547039c219a3a815cf0bfcf28070079d3fd4e6406b9e1f153a9bd767a790"],
        "postinst": ["d332ebf0145f8dbb5f5e58dc3bf28ae1e72475f5f3af64a34e3a99b6d0987c89"],
    },
    "debian-archive-keyring": {
        "postinst": ["be98b29587a592ab3684e5b24ab5f38550da9a3e3afbd76acd4a1f70cccc4c1a"],
        "preinst": ["a5fbfd8649ca2d13a159b406941089a43735ac04875e347f1f5a635eaa1edd48"],
    },
    "debianutils": {
        "postinst": ["40c635bbbbef12a637a20b2ebd163a7f67f886d96fe5279cd3a0881fb51d9931"],
        "usr/sbin/add-shell": ["b8074408da2da63941c84877ad8daa8eae06a3178c83167dd486418c845eb4ea"],
    },
    "e2fsprogs": {
        "postinst": ["a357f5bc2f1f33b21396474e55f239ed15c9a39940bf22cd133e3b1d4968d0e2"],
        "preinst": ["dca4a7208d163c97b216a6d61fd73b02947962ec46e51e402251048047a79cb5"],
    },
    "freetds-common": {
        "postinst": ["d9da5ed209fe545b5b7c27aa0a0b2fc9725e4d05f93a554322bc0a00d7a58c4c"],
    },
    "libc-bin": {
        "postinst": ["e567a128eb9a54d12f03544384167fda76cee6c0fbcb863e30dd259409b8849a"],
        "triggers": ["088715c6dfccc2aa831ae5e4d9a71bbd5a8a7a2017c7ce3801f602724ec71979"],
    },
    "libc6": {
        "postinst": [
            "358e5183102209feaf0e1d30d18c0744c52d3b1af22ee2242e25c0920abbe852",
            "89891e51d11a21c8092781aa349ad27f24f451f611b3f0aca42def4d496ace43",
        ],
        "preinst": [
            "2ef59f6145a6ce310444c5d11098f191d8b7d2977e00359a0aa29d7d2e385007",
            "5ebbc531f120d2d6d7339e9eb08fbd1ba791de71bd9cf5e30e92e4989e150d6e",
        ],
    },
    "libgssapi-krb5-2": {
        "postinst": ["b902acb25f89bb8c63e9c883a3259d08236f879e48ca7ddfe0b15f0f1eaf6518"],
    },
    "libpam-modules": {
        "postinst": ["ba3f3d6f6c2449ee44c67858c1a93eb65678eca60484d0d9f7e069b79c7ae349"],
        "preinst": ["cb1899828808df7e258469e3781a7954109cf49d47be21bca94cd1ef7dc6eebf"],
    },
    "libpam-runtime": {
        "postinst": ["f3557024449a8057cd86de130f10459273c60bfad260833c3e9934299b03e4e1"],
        "usr/sbin/pam-auth-update": ["20d8caa71a39d371e3c7ea2b55a00bdf954eea0dfe8867dd04144c2c5c6ee75d"],
    },
    "libpam0g": {
        "postinst": ["be3875489e5483f758cab5a9e11dc4a0b6e3f6e9dcd958c231c6ab46d36605d2"],
    },
    "libsasl2-modules": {
        "postinst": ["36939f27a4d93f91e3cfa227abd43ab0536228565c699f127b98bacc00efda84"],
    },
    "libssl1.1": {
        "postinst": ["98825bceb71ee3635e06bac174c204c4e95484f364c29b90856e17bd76cc9fb8"],
    },
    "libsybdb5": {
        "preinst": ["fe45cb3d106a00078e6deb0968b7764dc0f04062baf1d5241510026c676e1b27"],
    },
    "locales": {
        "config": ["8e21899396c8cadcf0797afa1d6c6ede8e27366000a7f979f395e59cbf0622e7"],
        "postinst": ["4164302cf5c560d45fe0bd2796afd2acdd7b6a5adc1d685eea6d41e178e8f1f3"],
    },
    "login": {
        "postinst": ["77b61c5bbb3a9239eb6f17e0598a76398cb6e0eb3d05ef3e6a52ccc80c407cea"],
        "preinst": ["2bf95475c3a874e8b898ae4e4ad69d2259b55988e270048bdd1119e6f42cfd34"],
    },
    "mariadb-common": {
        "postinst": ["13abecc83452c8ecb12a962f7b3459dbc0f50a5f88a27ccd96b5370c37e641c0"],
        "preinst": ["812420b5317a4f216a0a4d569a176708fd7081a3ef588846b12765a8d41f78ac"],
    },
    "mawk": {
        "postinst": ["2a39a0029f1280ee552a54f227317c11330c85ff7544a82f68a1f4b32086f235"],
    },
    "mysql-common": {
        "postinst": ["e023507d5d54f50d9d3ad840b607d2ec33b2a3521794bed96cd33c40715e9860"],
        "preinst": ["2499dd6fd160c47d638dcdc3363ed43d50b6afbb73f0864b408d71ef46e9b7a6"],
        "usr/share/mysql-common/configure-symlinks": ["a1bc4232fd54a5b85aaeb2d87cc66e8bea04e1c93872575f506e71d6a420243f"],
    },
    "netbase": {
        "postinst": ["232265a3db0259cac75ee03b3d58d5401a0558ad59af89cdadf0834a343a254a"],
    },
    "netcat-openbsd": {
        "postinst": ["eb72e985f7d07a7c1a1221becaf55c95fb5a732da256d6d378a2f0db2824b868"],
    },
    "openssl": {
        "postinst": ["18e8ce2d417c52f47a1a25f3e1afdd5f9c8ade2fea41679a95d2da68c78448b3"],
    },
    "passwd": {
        "postinst": ["db82dfb32ffd38f6edf31fb5491f0c203e5e17204e26f8b1033bc92c49ee2201"],
        "preinst": ["40f39f3b4b00bd24f4f9d8067dd902ff8aa5f0d2659cb97eea43397520f2cfe7"],
        "sbin/shadowconfig": ["a180418ba265a74b52e9f434e70f3fdd9d3b56b822bed9aca0e8b802067eee55"],
    },
    "perl-base": {
        "postinst": ["bd3b71f4bf649c4af93f09be4b2bc5a2594e7214308b82f9a9d5d0519602ea0b"],
        "preinst": ["bd3b71f4bf649c4af93f09be4b2bc5a2594e7214308b82f9a9d5d0519602ea0b"],
    },
    "readline-common": {
        "postinst": ["d57ef746a5d080bc57f4653ad1983fd371c647bc3f046a3e66ea4e0e04730242"],
    },
    "rsync": {
        "postinst": ["5414a8704ea4ca30acad3c11685486b207b23d4c07d1e37bcb2c1a075825ff3e"],
    },
    "sasl2-bin": {
        "config": ["cc60ed2b9fd68c78919c07daa2b545fbc200a13f772f94e0ac065b09058e8aa3"],
        "postinst": ["3772fc60387cb95d3b71ff921886bbce8621c8e9b507d32ad588caf9711137d4"],
        "preinst": ["cb5e3bf92e623405f9e77c97a14d6a8b0fb42727e888ce2ef039983ec7a1ff97"],
    },
    "sudo": {
        "postinst": ["defcf9a322b92e73e8865ad14331615f360f9d078cdb0b019180640231a9ff84"],
        "preinst": ["479ec3eb44cccd579e0b4caa03a8c10f7c30531965e148757d5d8b592827a208"],
    },
    "tar": {
        "postinst": ["eac622069666a2f827408852b07519da84a1149991204e396b8b9fd64cbd5c89"],
    },
    "tzdata": {
        "config": ["095a915756e1c72078918bc33a2fc17896bf39467f2800432bd69d7c285b7e44"],
        "postinst": ["7ccdcbbcfec39a55221ef874062bfec73e7fc89e5c66dde9142abae7032a79c2"],
    },
    "util-linux": {
        "postinst": ["01bf2abdffc4d2b3c94910edbe99d84468a89d863c5e22958762d8d9758bdf32"],
    },
}
