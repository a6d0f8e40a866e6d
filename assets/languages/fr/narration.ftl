# Ce qui est dit et sous-titré. Une idée par ligne, douze mots par phrase au plus, sans variable :
# chaque ligne a son enregistrement, que le service peut remplacer par sa propre voix.

say-welcome-1 = Bonjour, et bienvenue. Prenez le temps de regarder autour de vous.
say-welcome-2 = Vous allez voir votre séance de protonthérapie. Ici, elle dure environ neuf minutes. La vraie séance est plus longue.
say-welcome-3 = Vous gardez votre siège. C'est vous qui décidez. Vous pouvez faire une pause, ou arrêter, à tout moment.
say-welcome-4 = Pour répondre, un seul bouton suffit. Vous pouvez aussi regarder une réponse pendant un instant.
say-welcome-5 = Merci. Nous pouvons commencer.

say-anxiety-before-1 = Avant d'entrer, une question. Comment vous sentez-vous maintenant ?

say-corridor-1 = Chaque jour, on vous demande votre nom et votre date de naissance. C'est une vérification, pour tout le monde.
say-corridor-2 = Voici l'équipe qui vous accompagne. Elle vous accueille, vous installe et fait marcher la machine.
say-corridor-3 = Parfois, il faut attendre un peu. Souvent, l'équipe vérifie la machine.
say-corridor-4-door = La porte est épaisse. Elle s'ouvre en grand devant vous.
say-corridor-4-maze = Un petit couloir tourne, puis vous arrivez dans la salle.

say-room-1 = Voici votre salle. La machine est grande. Elle tourne autour de vous. Elle ne vous touche pas.
say-room-2 = Presque toute la machine est derrière le mur. Vous voyez surtout ce bras. Le faisceau sort par le bout carré.
say-room-3 = La table est un peu dure et pas très large. Un robot la porte et la déplace doucement.
say-room-4 = Vous pouvez demander une couverture, ou un coussin sous les genoux.
say-room-5-music = Souvent, il y a de la musique. Vous pouvez apporter la vôtre.
say-room-6 = Derrière le mur, de grands aimants guident les protons jusqu'à vous.

say-mask-1 = Votre masque est fait sur mesure, pour vous. Vous le regardez d'abord de côté.
say-mask-2 = L'équipe pose le masque. Il serre le front, le nez et le menton.
say-mask-3 = Vous entendez les clips : un, deux, trois, quatre.
say-mask-4 = L'air passe par les trous. Vous respirez comme d'habitude.
say-mask-5-hand = Sous le masque, parler est difficile. Pour nous appeler, levez la main.
say-mask-5-bulb = Sous le masque, parler est difficile. Pour nous appeler, pressez la poire.
say-mask-5-button = Sous le masque, parler est difficile. Pour nous appeler, pressez le bouton.
say-mask-6 = Dès que vous appelez, l'équipe vient et ouvre vite le masque.
say-mask-7 = Certains jours, il semble plus serré. Parlez-nous-en : l'équipe peut le régler.

say-couch-1 = Maintenant, la table monte. Puis elle avance vers la machine.
say-couch-2 = Ici, vous la regardez de l'extérieur. En vrai, vous la sentez glisser lentement.
say-couch-3 = Laissez-vous porter par la table. Respirez comme d'habitude.
say-couch-4 = La table s'arrête quand l'endroit à traiter est au centre.
say-couch-5 = La machine tourne autour de ce centre. Il s'appelle l'isocentre.

say-imaging-1 = L'équipe va à côté. La porte se ferme. Nous restons tout près.
say-imaging-2 = Deux panneaux sortent. Ils prennent des images, pour bien vous placer. Le traitement vient après.
say-imaging-3 = L'équipe compare ces images avec celles de votre scanner.
say-imaging-4 = La table peut bouger de quelques millimètres. C'est normal, et c'est le but.

say-alone-1 = Voici l'équipe, de l'autre côté du mur. Elle vous voit tout le temps, par caméra.
say-alone-2-heard = Elle vous parle par l'interphone, et elle vous entend.
say-alone-2-seen = Elle vous parle par l'interphone. Votre signe remplace la voix.
say-alone-3-hand = Si vous levez la main, nous arrêtons, et nous venons.
say-alone-3-bulb = Si vous pressez la poire, nous arrêtons, et nous venons.
say-alone-3-button = Si vous pressez le bouton, nous arrêtons, et nous venons.
say-alone-4 = Le faisceau est pour vous. L'équipe travaille ici chaque jour, donc elle reste à côté.
say-alone-5-queue = Le faisceau sert plusieurs salles. Votre tour arrive. C'est normal d'attendre.

say-beam-on-1 = La machine tourne lentement. Vous pouvez entendre un moteur.
say-beam-on-2 = Le faisceau est en marche. Vous ne sentez rien.
say-beam-on-3 = Il travaille couche par couche. La plus profonde vient en premier.
say-beam-on-4 = Voici votre tête, comme du verre dépoli. La dose apparaît en couleur.
say-beam-on-5 = Certaines personnes voient une lumière, ou sentent une odeur. Dites-le-nous après.
say-beam-on-6 = Chaque couche a son énergie. Plus elle est forte, plus le faisceau va loin.
say-beam-on-7 = Vous pouvez penser à autre chose. Respirez comme d'habitude.

say-next-angle-1 = Ce faisceau est terminé. La machine tourne vers le suivant.
say-next-angle-2 = Le bruit revient, et vous ne sentez toujours rien.
say-next-angle-3 = Tous les faisceaux sont passés.

say-mask-off-1 = C'est terminé. La porte s'ouvre, et l'équipe revient près de vous.
say-mask-off-2 = La table redescend. L'équipe enlève le masque.
say-mask-off-3 = Vous pourrez vous asseoir doucement. Les marques du masque s'effacent.
say-mask-off-4 = Rien de radioactif ne reste en vous. Vous pouvez embrasser vos proches.

say-anxiety-after-1 = Encore une question. Comment vous sentez-vous maintenant ?
say-anxiety-after-2 = Dernière question. Voulez-vous dire quelque chose à l'équipe ?

say-calm-1 = Merci de l'avoir dit. L'équipe le sait maintenant.
say-calm-2 = Posez vos pieds sur le sol. Sentez votre dos contre le siège.
say-calm-3 = Respirez à la vitesse qui vous convient. Soufflez un peu plus longtemps.
say-calm-4 = Quelqu'un vient vous parler tout de suite après.

say-goodbye-1 = Vous avez vu toute la séance. Merci.
say-goodbye-2 = Vous pouvez poser vos questions à l'équipe : elle les attend.
say-goodbye-3 = Vous allez revoir la pièce où vous êtes. Restez sur votre siège cinq minutes.
say-goodbye-4 = Attendez une ou deux heures avant de conduire.

say-gentle-ending-1 = Nous arrivons à la fin pour aujourd'hui. C'est prévu ainsi.
say-gentle-ending-2 = Vous pourrez voir la suite une autre fois.

say-stop-here-1 = Nous arrêtons ici. Merci de l'avoir dit.
say-stop-here-2 = Fermez les yeux si vous voulez. L'équipe vous aide à enlever le casque.
