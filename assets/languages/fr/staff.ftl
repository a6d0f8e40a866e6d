# Ce que lit l'équipe.

staff-role-radiographer = manipulatrice ou manipulateur en radiothérapie
staff-checklist-title = Avant le casque
staff-check-identity = Identité dite par la personne (nom et date de naissance) et comparée au dossier
staff-check-agreement = La personne est d'accord, et sait qu'elle peut arrêter à tout moment
staff-check-seizures = Jamais de crise ni de perte de connaissance, pas de photosensibilité
staff-check-implants = Pas de pacemaker, de neurostimulateur ni de valve réglable près des aimants du casque
staff-check-scalp = Pas de plaie ni d'infection du cuir chevelu, de la peau ou des yeux sous le casque
staff-check-vertigo = Pas de vertige, de migraine ni de nausée aujourd'hui
staff-check-senses = Vue et audition suffisantes, ou aides en place (lunettes, appareils, sous-titres)
staff-check-hygiene = Casque nettoyé, protection neuve, mains lavées
staff-check-rest = La personne ne conduit pas dans les deux heures, et ne part pas tout de suite en traitement
staff-check-present = Quelqu'un reste à côté pendant toute la séance
staff-clearance-headset = Le casque peut être proposé.
staff-clearance-window = Proposez la fenêtre plutôt que le casque.
staff-clearance-not-now = Ne commencez pas maintenant.
staff-alert-call = La personne appelle.
staff-alert-comfort = Le casque est à régler.
staff-alert-discomfort = Un peu de gêne dans le casque.
staff-alert-discomfort-stop = La personne veut arrêter : aidez à enlever le casque.
staff-alert-talk = La personne veut parler à quelqu'un.
staff-alert-anxiety = L'anxiété a monté de 2 ou plus, ou finit à 7 ou plus. Restez près de la personne.
staff-next-steps = Étapes suivantes
staff-type-answer = Écrire la réponse de la personne
